using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA009, 014, 015, 016 and 035: writes the nearest value that is allowed, or the default where there is no nearest one.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CorrectValueFix)), Shared]
public sealed class CorrectValueFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(
        Rules.BudgetRemovesNothing.Id, Rules.BetaOutOfRange.Id, Rules.IntervalTooSmall.Id, Rules.OutOfRange.Id, Rules.BudgetPaysForNothing.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Change to {replacement}";
}
