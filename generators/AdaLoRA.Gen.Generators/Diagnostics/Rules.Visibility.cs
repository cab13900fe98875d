using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What only the run can tell.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor Invisible = Information("ADALORA026",
        "A target is visible at compile time",
        "'{0}' {1}; it is resolved when adapters are attached",
        "What the compiler cannot see is matched over named_modules() when adapters are attached; a pattern, or an alternative, that matches nothing is an error there.");

    public static ImmutableArray<DiagnosticDescriptor> OfVisibility => ImmutableArray.Create(Invisible);
}
