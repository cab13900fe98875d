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

/// <summary>ADALORA023: makes an array or a list of modules a ModuleList, where the result compiles.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(UseModuleListFix)), Shared]
public sealed class UseModuleListFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.HeldButNotRegistered.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var cancellation = context.CancellationToken;
        var root = await context.Document.GetSyntaxRootAsync(cancellation).ConfigureAwait(false);
        var semantics = await context.Document.GetSemanticModelAsync(cancellation).ConfigureAwait(false);
        var node = root?.FindNode(context.Span);
        var (type, initial) = node switch
        {
            VariableDeclaratorSyntax { Parent: VariableDeclarationSyntax { Variables.Count: 1 } field } variable => (field.Type, variable.Initializer?.Value),
            PropertyDeclarationSyntax property => (property.Type, property.Initializer?.Value),
            _ => (null, null),
        };
        if (semantics is null || type is null || Item(type) is not { } item || semantics.GetDeclaredSymbol(node!, cancellation) is not { } member) return;
        string list = ListName(semantics, type.SpanStart) + $"<{item}>";
        var rewriter = new ModuleListRewriter(semantics, member, list, item.ToString());
        var changes = rewriter.Changes(root!, initial, cancellation);
        if (changes is null) return;
        var target = type is NullableTypeSyntax nullable ? nullable.ElementType : type;
        var text = await context.Document.GetTextAsync(cancellation).ConfigureAwait(false);
        var changed = context.Document.WithText(text.WithChanges(changes.Append(new TextChange(target.Span, list)).OrderBy(c => c.Span.Start)));
        if (!await CompileCheck.KeepsCompilingAsync(context.Document, changed, member.Name, cancellation).ConfigureAwait(false)) return;
        context.RegisterCodeFix(CodeAction.Create($"Make it a ModuleList<{item}>", _ => Task.FromResult(changed), nameof(UseModuleListFix)), context.Diagnostics);
    }

    private static TypeSyntax? Item(TypeSyntax type) => type switch
    {
        NullableTypeSyntax nullable => Item(nullable.ElementType),
        ArrayTypeSyntax { RankSpecifiers: [{ Rank: 1 }] } array => array.ElementType,
        QualifiedNameSyntax qualified => Item(qualified.Right),
        AliasQualifiedNameSyntax => null,
        GenericNameSyntax { Identifier.ValueText: "List" or "IList" or "ICollection" or "IEnumerable" or "IReadOnlyList" or "IReadOnlyCollection", TypeArgumentList.Arguments: [var only] } => only,
        _ => null,
    };

    private static string ListName(SemanticModel semantics, int position) =>
        semantics.LookupNamespacesAndTypes(position, name: "ModuleList").Any(s => s.ContainingNamespace.ToDisplayString() == "TorchSharp.Modules") ? "ModuleList" : "global::TorchSharp.Modules.ModuleList";
}
