using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA021: <c>functional.linear(x, layer.weight, layer.bias)</c> becomes <c>layer.call(x)</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(CallInsteadOfWeightFix)), Shared]
public sealed class CallInsteadOfWeightFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.WeightBypasses.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (!diagnostic.Properties.TryGetValue(FixProperties.Replacement, out string? call) || call is null) continue;
            if (root?.FindNode(diagnostic.AdditionalLocations[0].SourceSpan, getInnermostNodeForTie: true) is not InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 3 } arguments } product) continue;
            // The input stays untouched between the two edits, so that a fix of everything can work on calls within calls.
            TextChange[] edits = [new(product.Expression.Span, call), new(TextSpan.FromBounds(arguments[0].Span.End, arguments[2].Span.End), "")];
            context.RegisterCodeFix(CodeAction.Create($"Use '{call}'", cancellation => EditAsync(context.Document, edits, cancellation), nameof(CallInsteadOfWeightFix)), diagnostic);
        }
    }

    private static async Task<Document> EditAsync(Document document, TextChange[] edits, CancellationToken cancellation)
    {
        var text = await document.GetTextAsync(cancellation).ConfigureAwait(false);
        return document.WithText(text.WithChanges(edits));
    }
}
