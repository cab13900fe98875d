using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics;

// What is not wrong, but good to know. Off until an editorconfig asks for it.
internal static partial class Rules
{
    public static readonly DiagnosticDescriptor PatternMatches = Information("ADALORA027",
        "What a pattern matches",
        "'{0}' matches {1}",
        "States the layers that a pattern of Targets matches, the triplets and trainable parameters that they start with, and their share of the model.",
        enabled: false);

    public static ImmutableArray<DiagnosticDescriptor> OfInformation => ImmutableArray.Create(
        PatternMatches);
}
