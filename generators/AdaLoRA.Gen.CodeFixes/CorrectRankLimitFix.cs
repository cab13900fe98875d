using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA012 and ADALORA013: writes the nearest name, the range in its right form, or the number that makes the limits possible.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CorrectRankLimitFix)), Shared]
public sealed class CorrectRankLimitFix : ReplaceTextFix
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.RankLimitUnreadable.Id, Rules.RankLimitsUnsatisfiable.Id);

    /// <inheritdoc/>
    protected override string Title(string replacement) => $"Change to '{replacement}'";
}
