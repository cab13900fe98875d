using System.Composition;
using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeRefactorings;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>On an <c>[AdaLoRA]</c> or <c>[LoRA]</c>: lists the layers of the model that can be adapted, and writes the chosen pattern into <c>Targets</c>.</summary>
[ExportCodeRefactoringProvider(LanguageNames.CSharp, Name = nameof(AddTargetRefactoring)), Shared]
public sealed class AddTargetRefactoring : CodeRefactoringProvider
{
    /// <summary>More than fit on a screen are no help.</summary>
    private const int MostActions = 30;

    /// <inheritdoc/>
    public override async Task ComputeRefactoringsAsync(CodeRefactoringContext context)
    {
        var (document, cancellation) = (context.Document, context.CancellationToken);
        var root = await document.GetSyntaxRootAsync(cancellation).ConfigureAwait(false);
        if (root?.FindNode(context.Span).FirstAncestorOrSelf<AttributeSyntax>() is not { Parent.Parent: ClassDeclarationSyntax declaration } attribute) return;
        if (await document.GetSemanticModelAsync(cancellation).ConfigureAwait(false) is not { } semantics || semantics.GetDeclaredSymbol(declaration, cancellation) is not { } type) return;
        if (ModelReader.Read(type, semantics.Compilation, cancellation).Graph is not { } graph || graph.Attribute.Syntax != attribute) return;

        var actions = PathSuggestions.NewTargets(graph).Take(MostActions).Select(suggestion => CodeAction.Create(
            $"{suggestion.Text} ({suggestion.Count})", c => AddAsync(document, attribute, suggestion.Text, c), nameof(AddTargetRefactoring) + suggestion.Text));
        var all = System.Collections.Immutable.ImmutableArray.CreateRange(actions);
        if (all.Length > 0) context.RegisterRefactoring(CodeAction.Create($"Add layers of '{graph.ModelName}' to Targets", all, isInlinable: false));
    }

    private static async Task<Document> AddAsync(Document document, AttributeSyntax attribute, string pattern, CancellationToken cancellation)
    {
        var text = await document.GetTextAsync(cancellation).ConfigureAwait(false);
        bool hasCollections = attribute.SyntaxTree.Options is CSharpParseOptions { LanguageVersion: >= LanguageVersion.CSharp12 };
        return document.WithText(text.WithChanges(TargetsEdit.Add(attribute, SymbolDisplay.FormatLiteral(pattern, quote: true), text, hasCollections)));
    }
}
