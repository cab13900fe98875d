using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Completion;

/// <summary>A string in an argument of an attribute on a class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Attribute">The attribute.</param>
/// <param name="Argument">Name of the argument.</param>
/// <param name="Content">What stands between the quotes; of a string that is not closed yet, up to the caret.</param>
internal sealed record AttributeText(ClassDeclarationSyntax Class, AttributeSyntax Attribute, string Argument, TextSpan Content)
{
    public static AttributeText? At(SyntaxNode root, int position)
    {
        if (position == 0) return null;
        var token = root.FindToken(position - 1);
        if (token.Parent is not LiteralExpressionSyntax literal || ContentOf(token, position) is not { } content) return null;
        return literal.FirstAncestorOrSelf<AttributeArgumentSyntax>() is { NameEquals.Name.Identifier.ValueText: var argument, Parent.Parent: AttributeSyntax { Parent.Parent: ClassDeclarationSyntax declaration } attribute }
            ? new AttributeText(declaration, attribute, argument, content)
            : null;
    }

    private static TextSpan? ContentOf(SyntaxToken token, int position)
    {
        string quotes = token.Kind() switch
        {
            SyntaxKind.SingleLineRawStringLiteralToken => new string('"', token.Text.TakeWhile(c => c == '"').Count()),
            SyntaxKind.StringLiteralToken => "\"",
            _ => "",
        };
        if (quotes.Length == 0) return null;
        int start = token.SpanStart + token.Text.IndexOf('"') + quotes.Length;
        bool isClosed = token.Span.End - quotes.Length >= start && token.Text.EndsWith(quotes, StringComparison.Ordinal);
        int end = isClosed ? token.Span.End - quotes.Length : position;
        return position >= start && position <= end ? TextSpan.FromBounds(start, end) : null;
    }
}
