using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA016 to 020: takes the argument, the element or the alternative out of the attribute.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RemoveFix)), Shared]
public sealed class RemoveFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(
        Rules.OutOfRange.Id, Rules.NamedTwice.Id, Rules.AdaptedAndTrained.Id, Rules.NoEffect.Id, Rules.RankLimitShadowed.Id);

    /// <summary>From the last to the first, so that what is still to be done keeps its place; neighbours share a comma, which text edits side by side would take twice.</summary>
    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => FixAllProvider.Create(async (context, document, diagnostics) =>
    {
        var root = await document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in diagnostics.Where(d => RemovalOf(d) != Removal.None).OrderByDescending(d => d.Location.SourceSpan.Start))
            root = Without(root!, diagnostic);
        return document.WithSyntaxRoot(root!);
    });

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (root is null || RemovalOf(diagnostic) == Removal.None) continue;
            context.RegisterCodeFix(
                CodeAction.Create(Title(root, diagnostic), _ => Task.FromResult(context.Document.WithSyntaxRoot(Without(root, diagnostic))), nameof(RemoveFix)), diagnostic);
        }
    }

    private static Removal RemovalOf(Diagnostic diagnostic) =>
        diagnostic.Properties.TryGetValue(FixProperties.Removal, out string? name) && Enum.TryParse(name, out Removal removal) ? removal : Removal.None;

    private static string Title(SyntaxNode root, Diagnostic diagnostic) =>
        RemovalOf(diagnostic) == Removal.Argument ? $"Remove {Argument(root, diagnostic)?.NameEquals?.Name}" : $"Remove '{root.GetText().ToString(diagnostic.Location.SourceSpan).Trim('"')}'";

    private static SyntaxNode Without(SyntaxNode root, Diagnostic diagnostic)
    {
        if (RemovalOf(diagnostic) == Removal.Alternative) return WithoutAlternative(root, diagnostic.Location.SourceSpan);
        var argument = Argument(root, diagnostic);
        if (RemovalOf(diagnostic) == Removal.Argument) return Without(root, argument);
        var element = root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true).AncestorsAndSelf()
            .FirstOrDefault(n => n.Parent is CollectionExpressionSyntax or InitializerExpressionSyntax);
        int count = element?.Parent switch { CollectionExpressionSyntax c => c.Elements.Count, InitializerExpressionSyntax i => i.Expressions.Count, _ => 0 };
        return Without(root, count > 1 ? element : argument);
    }

    private static AttributeArgumentSyntax? Argument(SyntaxNode root, Diagnostic diagnostic) =>
        root.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true).FirstAncestorOrSelf<AttributeArgumentSyntax>();

    private static SyntaxNode Without(SyntaxNode root, SyntaxNode? node) =>
        // What stands behind the last one belongs to the bracket.
        node is null ? root : root.RemoveNode(node, node.GetLastToken().GetNextToken().IsKind(SyntaxKind.CommaToken) ? SyntaxRemoveOptions.KeepNoTrivia : SyntaxRemoveOptions.KeepTrailingTrivia)!;

    /// <summary>The comma before it, or after the first one.</summary>
    private static SyntaxNode WithoutAlternative(SyntaxNode root, TextSpan span)
    {
        var text = root.GetText();
        if (text[span.Start - 1] == ',') span = TextSpan.FromBounds(span.Start - 1, span.End);
        else if (text[span.End] == ',') span = TextSpan.FromBounds(span.Start, span.End + 1);
        return root.SyntaxTree.WithChangedText(text.WithChanges(new TextChange(span, ""))).GetRoot();
    }
}
