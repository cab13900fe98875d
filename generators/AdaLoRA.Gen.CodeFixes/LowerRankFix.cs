using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA005: lowers the rank to what the smallest target allows.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(LowerRankFix)), Shared]
public sealed class LowerRankFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.RankTooLarge.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Lower the rank to {replacement}";
}
