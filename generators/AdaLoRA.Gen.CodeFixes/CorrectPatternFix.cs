using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA003: writes the nearest name in the place of the segment that matches nothing.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CorrectPatternFix)), Shared]
public sealed class CorrectPatternFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.MatchesNothing.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Change to '{replacement}'";
}
