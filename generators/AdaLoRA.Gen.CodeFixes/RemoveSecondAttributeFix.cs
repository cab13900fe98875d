using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA010: of a class with both attributes, takes away the one that is reported.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(RemoveSecondAttributeFix)), Shared]
public sealed class RemoveSecondAttributeFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.CannotEmit.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span) is not AttributeSyntax { Parent: AttributeListSyntax list } attribute) return;
        SyntaxNode gone = list.Attributes.Count > 1 ? attribute : list;
        context.RegisterCodeFix(
            CodeAction.Create($"Remove [{attribute.Name}]", _ => Task.FromResult(context.Document.WithSyntaxRoot(root.RemoveNode(gone, SyntaxRemoveOptions.KeepNoTrivia)!)), nameof(RemoveSecondAttributeFix)),
            context.Diagnostics);
    }
}
