using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// How the code of a program uses a target.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor ForwardBypasses = Warning("ADALORA008",
        "A target is called, not forwarded",
        "'{0}.forward' bypasses the adapter of '{0}'; use '{0}.call'",
        "Adapters are forward hooks, and TorchSharp runs hooks in call(), never in forward().");

    public static ImmutableArray<DiagnosticDescriptor> OfUsage => ImmutableArray.Create(
        ForwardBypasses);
}
