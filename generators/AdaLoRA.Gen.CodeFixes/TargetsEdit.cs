using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.CodeFixes;

/// <summary>Writes one more pattern into <c>Targets</c>, in the form that stands there: a collection expression or an array, on one line or on several.</summary>
internal static class TargetsEdit
{
    private const string Argument = "Targets";

    public static TextChange Add(AttributeSyntax attribute, string literal, SourceText text, bool hasCollections)
    {
        string list = hasCollections ? $"[{literal}]" : $"new[] {{ {literal} }}";
        string argument = $"{Argument} = {list}";
        if (attribute.ArgumentList is not { } arguments) return new TextChange(new TextSpan(attribute.Name.Span.End, 0), $"({argument})");
        if (arguments.Arguments.FirstOrDefault(a => a.NameEquals?.Name.Identifier.ValueText == Argument) is not { } targets)
            return arguments.Arguments.Count == 0 ? new TextChange(new TextSpan(arguments.OpenParenToken.Span.End, 0), argument) : new TextChange(new TextSpan(arguments.Arguments.Last().Span.End, 0), ", " + argument);
        return targets.Expression switch
        {
            CollectionExpressionSyntax collection => Append(collection.OpenBracketToken, collection.Elements.GetWithSeparators(), "", literal, text),
            ArrayCreationExpressionSyntax { Initializer: { } written } => Append(written.OpenBraceToken, written.Expressions.GetWithSeparators(), " ", literal, text),
            ImplicitArrayCreationExpressionSyntax { Initializer: var written } => Append(written.OpenBraceToken, written.Expressions.GetWithSeparators(), " ", literal, text),
            var other => new TextChange(other.Span, list),
        };
    }

    private static TextChange Append(SyntaxToken open, SyntaxNodeOrTokenList elements, string padding, string literal, SourceText text)
    {
        if (elements.Count == 0) return new TextChange(new TextSpan(open.Span.End, 0), padding + literal);
        var last = elements.Last();
        bool hasComma = last.IsToken;
        var element = hasComma && elements.Count > 1 ? elements[elements.Count - 2] : last;
        string gap = StartsLine(element.SpanStart, text) is { } indent ? NewLine(text) + indent : " ";
        return new TextChange(new TextSpan(last.Span.End, 0), (hasComma ? "" : ",") + gap + literal + (hasComma ? "," : ""));
    }

    /// <summary>The white space before the position where nothing else stands before it on its line.</summary>
    private static string? StartsLine(int position, SourceText text)
    {
        int start = text.Lines.GetLineFromPosition(position).Start;
        string before = text.ToString(TextSpan.FromBounds(start, position));
        return string.IsNullOrWhiteSpace(before) ? before : null;
    }

    private static string NewLine(SourceText text)
    {
        var first = text.Lines[0];
        return first.EndIncludingLineBreak > first.End ? text.ToString(TextSpan.FromBounds(first.End, first.EndIncludingLineBreak)) : "\n";
    }
}
