using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// How the code of a program uses a target.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor ForwardBypasses = Warning("ADALORA008",
        "A target is called, not forwarded",
        "'{0}.forward' bypasses the adapter of '{1}'; use '{0}.call'",
        "Adapters are forward hooks, and TorchSharp runs hooks in call(), never in forward().");

    public static readonly DiagnosticDescriptor WeightBypasses = Warning("ADALORA021",
        "A target's weight is not used in the place of the target",
        "'{0}.weight' is multiplied without the adapter of '{1}'; use '{0}.call', or name the parameter in ITiedWeights where this second use is meant",
        "The adapter is added to what call() returns; a product with the weight itself never sees it.");

    public static ImmutableArray<DiagnosticDescriptor> OfUsage => ImmutableArray.Create(
        ForwardBypasses, WeightBypasses);
}
