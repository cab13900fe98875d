using System.Collections.Immutable;
using System.Composition;
using AdaLoRA.Gen.Generators.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>ADALORA006 and ADALORA011: states the argument that is missing, or void, with a value that suits the model.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(StateArgumentFix)), Shared]
public sealed class StateArgumentFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => ImmutableArray.Create(Rules.BudgetMissing.Id, Rules.NoTargets.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        foreach (var diagnostic in context.Diagnostics)
        {
            if (!diagnostic.Properties.TryGetValue(FixProperties.Argument, out string? name) || !diagnostic.Properties.TryGetValue(FixProperties.Value, out string? value) || name is null || value is null) continue;
            if (root?.FindNode(diagnostic.Location.SourceSpan, getInnermostNodeForTie: true).FirstAncestorOrSelf<AttributeSyntax>() is not { } attribute) continue;
            context.RegisterCodeFix(
                CodeAction.Create($"Set {name} = {value}", _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(attribute, State(attribute, name, value)))), nameof(StateArgumentFix)),
                diagnostic);
        }
    }

    private static AttributeSyntax State(AttributeSyntax attribute, string name, string value)
    {
        var expression = SyntaxFactory.ParseExpression(value);
        var list = attribute.ArgumentList ?? SyntaxFactory.AttributeArgumentList();
        if (list.Arguments.FirstOrDefault(a => a.NameEquals?.Name.Identifier.ValueText == name) is { } stated)
            return attribute.ReplaceNode(stated.Expression, expression.WithTriviaFrom(stated.Expression));
        var argument = SyntaxFactory.AttributeArgument(SyntaxFactory.NameEquals(SyntaxFactory.IdentifierName(name).WithTrailingTrivia(SyntaxFactory.Space), SyntaxFactory.Token(SyntaxKind.EqualsToken).WithTrailingTrivia(SyntaxFactory.Space)), null, expression);
        if (list.Arguments.Count == 0) return attribute.WithArgumentList(list.WithArguments(SyntaxFactory.SingletonSeparatedList(argument)));
        // At the end, laid out as the argument before it.
        var last = list.Arguments[list.Arguments.Count - 1];
        var between = list.Arguments.Count > 1 ? list.Arguments.GetSeparator(list.Arguments.Count - 2).TrailingTrivia
            : list.OpenParenToken.HasTrailingTrivia ? list.OpenParenToken.TrailingTrivia : SyntaxFactory.TriviaList(SyntaxFactory.Space);
        return attribute.WithArgumentList(list.WithArguments(SyntaxFactory.SeparatedList<AttributeArgumentSyntax>(
            list.Arguments.GetWithSeparators().Add(SyntaxFactory.Token(SyntaxKind.CommaToken).WithTrailingTrivia(between)).Add(argument.WithLeadingTrivia(last.GetLeadingTrivia())))));
    }
}
