using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA024: gives the field of an auto-property its name, and a captured parameter a field.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(NameComponentFix)), Shared]
public sealed class NameComponentFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.SurprisingName.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var semantics = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        var node = root?.FindNode(context.Span);
        if (semantics is null) return;
        if (node?.FirstAncestorOrSelf<ParameterSyntax>() is { Type: { } type, Parent.Parent: TypeDeclarationSyntax owner } parameter)
        {
            if (Field(parameter, type, owner, semantics) is { } change) Offer($"Store '{parameter.Identifier.ValueText}' in a field", change);
        }
        else if (node?.FirstAncestorOrSelf<PropertyDeclarationSyntax>() is { } property)
        {
            string name = property.Identifier.ValueText;
            Offer($"Register it as '{name}'", new TextChange(new TextSpan(property.SpanStart, 0), $"[field: {Attribute(semantics, property.SpanStart)}(Name = \"{name}\")] "));
        }

        void Offer(string title, TextChange change) => context.RegisterCodeFix(CodeAction.Create(title, cancellation => ApplyAsync(context.Document, change, cancellation), nameof(NameComponentFix)), context.Diagnostics);
    }

    /// <summary>A field of the same name as the first member: the members' code then means the field, and nothing is captured any more.</summary>
    private static TextChange? Field(ParameterSyntax parameter, TypeSyntax type, TypeDeclarationSyntax owner, SemanticModel semantics)
    {
        string name = parameter.Identifier.Text;
        bool isSet = owner.DescendantNodes().OfType<AssignmentExpressionSyntax>().Any(a => a.Left is IdentifierNameSyntax left && left.Identifier.ValueText == parameter.Identifier.ValueText);
        // Parts in other files would not see why their parameter is a field now; and what is set has to stay what it is.
        if (isSet || owner.OpenBraceToken.IsKind(SyntaxKind.None) || owner.Members.Count == 0 || semantics.GetDeclaredSymbol(owner)?.DeclaringSyntaxReferences.Length != 1) return null;
        var first = owner.Members[0];
        string indent = first.GetLeadingTrivia().LastOrDefault(t => t.IsKind(SyntaxKind.WhitespaceTrivia)).ToString();
        string line = owner.SyntaxTree.GetText().ToString().Contains("\r\n") ? "\r\n" : "\n";
        // Behind the line breaks of the first member's trivia, before its comments.
        int at = first.FullSpan.Start;
        return new TextChange(new TextSpan(at, 0), $"{indent}private readonly {type.WithoutTrivia()} {name} = {name};{line}");
    }

    private static string Attribute(SemanticModel semantics, int position)
    {
        if (semantics.LookupNamespacesAndTypes(position, name: "ComponentNameAttribute").Any(s => s.ContainingNamespace.ToDisplayString() == "TorchSharp.Utils")) return "ComponentName";
        bool isPlain = semantics.LookupNamespacesAndTypes(position, name: "TorchSharp") is [INamespaceSymbol { ContainingNamespace.IsGlobalNamespace: true }];
        return (isPlain ? "" : "global::") + "TorchSharp.Utils.ComponentName";
    }

    private static async Task<Document> ApplyAsync(Document document, TextChange change, CancellationToken cancellation) =>
        document.WithText((await document.GetTextAsync(cancellation).ConfigureAwait(false)).WithChanges(change));
}
