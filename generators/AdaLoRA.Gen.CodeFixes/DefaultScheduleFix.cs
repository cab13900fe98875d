using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA007: removes both warmups, so that the defaults hold.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(DefaultScheduleFix)), Shared]
public sealed class DefaultScheduleFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.NoBudgetingPhase.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span).FirstAncestorOrSelf<AttributeSyntax>() is not { ArgumentList: { } list }) return;
        context.RegisterCodeFix(
            CodeAction.Create("Use the default warmups", _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(list, WithoutWarmups(list)))), nameof(DefaultScheduleFix)),
            context.Diagnostics);
    }

    private static AttributeArgumentListSyntax WithoutWarmups(AttributeArgumentListSyntax list)
    {
        var kept = list.Arguments;
        for (int i = kept.Count - 1; i >= 0; i--)
            if (kept[i].NameEquals?.Name.Identifier.ValueText is "InitialWarmup" or "FinalWarmup") kept = kept.RemoveAt(i);
        return list.WithArguments(kept);
    }
}
