using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA003 and ADALORA036: writes the nearest name in the place of the segment that matches nothing, or the root that holds every target.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CorrectPatternFix)), Shared]
public sealed class CorrectPatternFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.MatchesNothing.Id, Rules.CheckpointRootMisplaced.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Change to '{replacement}'";
}
