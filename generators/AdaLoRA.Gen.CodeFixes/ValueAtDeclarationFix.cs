using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA030: moves the value from the constructor to the declaration, which runs before the base class registers.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(ValueAtDeclarationFix)), Shared]
public sealed class ValueAtDeclarationFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.LostToBaseConstructor.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var semantics = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        var left = root?.FindNode(context.Span, getInnermostNodeForTie: true) as ExpressionSyntax;
        // Several constructors could give it several values.
        if (semantics is null || left?.Parent is not AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression, Parent: ExpressionStatementSyntax { Parent: BlockSyntax { Parent: ConstructorDeclarationSyntax constructor } } statement } assignment
            || constructor.Parent is not TypeDeclarationSyntax type || type.Members.Count(m => m is ConstructorDeclarationSyntax) != 1 || !IsFree(assignment.Right, semantics, context.CancellationToken)) return;
        var declared = semantics.GetSymbolInfo(left, context.CancellationToken).Symbol?.DeclaringSyntaxReferences.SingleOrDefault()?.GetSyntax(context.CancellationToken);
        SyntaxNode? changed = declared?.FirstAncestorOrSelf<TypeDeclarationSyntax>() != type ? null : declared switch
        {
            VariableDeclaratorSyntax { Initializer: null } variable => variable.WithInitializer(Value(assignment.Right)),
            PropertyDeclarationSyntax { Initializer: null, ExpressionBody: null } property => property.WithInitializer(Value(assignment.Right))
                .WithSemicolonToken(SyntaxFactory.Token(SyntaxKind.SemicolonToken).WithTrailingTrivia(property.GetTrailingTrivia())).WithAccessorList(property.AccessorList?.WithTrailingTrivia(SyntaxFactory.Space)),
            _ => null,
        };
        if (changed is null) return;
        var tracked = root!.TrackNodes(declared!, statement);
        tracked = tracked.ReplaceNode(tracked.GetCurrentNode(declared!)!, changed);
        tracked = tracked.RemoveNode(tracked.GetCurrentNode(statement)!, SyntaxRemoveOptions.KeepNoTrivia)!;
        context.RegisterCodeFix(CodeAction.Create("Move the value to the declaration", _ => Task.FromResult(context.Document.WithSyntaxRoot(tracked)), nameof(ValueAtDeclarationFix)), context.Diagnostics);
    }

    private static EqualsValueClauseSyntax Value(ExpressionSyntax value) =>
        SyntaxFactory.EqualsValueClause(SyntaxFactory.Token(SyntaxKind.EqualsToken).WithLeadingTrivia(SyntaxFactory.Space).WithTrailingTrivia(SyntaxFactory.Space), value.WithoutTrivia());

    /// <summary>The value names nothing that there is only in the constructor, or only once the object is there.</summary>
    private static bool IsFree(ExpressionSyntax value, SemanticModel semantics, CancellationToken cancellation) => !value.DescendantNodesAndSelf().Any(node => node switch
    {
        ThisExpressionSyntax or BaseExpressionSyntax => true,
        SimpleNameSyntax name when name.Parent is not (MemberAccessExpressionSyntax or NameColonSyntax) || name.Parent is MemberAccessExpressionSyntax access && access.Expression == name =>
            semantics.GetSymbolInfo(name, cancellation).Symbol is ILocalSymbol or IParameterSymbol or null or (IFieldSymbol or IPropertySymbol or IMethodSymbol) and { IsStatic: false },
        _ => false,
    });
}
