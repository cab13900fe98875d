using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Formatting;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>Statements at the end of constructors.</summary>
internal static class ConstructorEdits
{
    /// <summary>The constructor with the statements behind all others; an expression body becomes a block. Null where a return or a missing body is in the way.</summary>
    public static ConstructorDeclarationSyntax? Append(ConstructorDeclarationSyntax constructor, params string[] statements)
    {
        var added = statements.Select(s => SyntaxFactory.ParseStatement(s).WithTrailingTrivia(SyntaxFactory.ElasticLineFeed).WithAdditionalAnnotations(Formatter.Annotation));
        if (constructor.ExpressionBody is { Expression: var only })
        {
            var first = SyntaxFactory.ExpressionStatement(only.WithoutTrivia()).WithTrailingTrivia(SyntaxFactory.ElasticLineFeed);
            return constructor.WithExpressionBody(null).WithSemicolonToken(default).WithBody(SyntaxFactory.Block(added.Prepend(first))).WithTrailingTrivia(constructor.GetTrailingTrivia())
                .WithAdditionalAnnotations(Formatter.Annotation);
        }
        if (constructor.Body is not { } body || body.DescendantNodes(n => n is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)).Any(n => n is ReturnStatementSyntax)) return null;
        string text = body.ToString();
        if (text.IndexOf('\n') < 0 && text.IndexOf("//", StringComparison.Ordinal) < 0)
        {
            // What stands on one line stays there.
            string inner = string.Join(" ", statements.Prepend(text.Substring(1, text.Length - 2).Trim()).Where(t => t.Length > 0));
            return constructor.WithBody((BlockSyntax)SyntaxFactory.ParseStatement("{ " + inner + " }").WithTriviaFrom(body));
        }
        return constructor.WithBody(body.AddStatements([.. added]));
    }

    /// <summary>Whether the statement calls RegisterComponents() on this object.</summary>
    public static bool IsRegistration(StatementSyntax statement) => statement is ExpressionStatementSyntax
    {
        Expression: InvocationExpressionSyntax
        {
            ArgumentList.Arguments.Count: 0,
            Expression: IdentifierNameSyntax { Identifier.ValueText: "RegisterComponents" }
                or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name.Identifier.ValueText: "RegisterComponents" },
        },
    };
}
