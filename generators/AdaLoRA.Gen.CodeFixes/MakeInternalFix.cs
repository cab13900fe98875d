using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA010: a file-local class becomes one that other files, and so the generated part, can see.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(MakeInternalFix)), Shared]
public sealed class MakeInternalFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.CannotEmit.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        if (root?.FindNode(context.Span) is not TypeDeclarationSyntax declaration) return;
        var file = declaration.Modifiers.FirstOrDefault(m => m.IsKind(SyntaxKind.FileKeyword));
        if (!file.IsKind(SyntaxKind.FileKeyword)) return;
        // 'internal' rather than nothing: what stands before the class, comments and line breaks, hangs on the modifier.
        context.RegisterCodeFix(
            CodeAction.Create("Make it internal", _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceToken(file, SyntaxFactory.Token(SyntaxKind.InternalKeyword).WithTriviaFrom(file)))), nameof(MakeInternalFix)),
            context.Diagnostics);
    }
}
