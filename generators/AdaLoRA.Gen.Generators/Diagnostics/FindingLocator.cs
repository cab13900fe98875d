using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Finds the characters that a finding means.</summary>
internal static class FindingLocator
{
    /// <returns>The place, and whether it is exactly the part that was meant, so that a replacement fits there.</returns>
    public static (Location Location, bool IsExact) Locate(FindingPlace place)
    {
        if (place.Type is { } type) return (TypeName(type), true);
        var attribute = place.Attribute?.Syntax;
        if (attribute is null) return (Location.None, false);
        if (place.Argument is null) return (attribute.GetLocation(), false);
        var value = attribute.ArgumentList?.Arguments.FirstOrDefault(a => a.NameEquals?.Name.Identifier.ValueText == place.Argument)?.Expression;
        if (value is null) return (attribute.GetLocation(), false);
        if (place.Element >= 0) value = Element(value, place.Element) ?? value;
        return place.Start < 0 ? (value.GetLocation(), place.Element < 0) : Part(value, place.Start, place.Length);
    }

    /// <summary>The name in a declaration that a person wrote: of a class without "partial" its only one.</summary>
    private static Location TypeName(INamedTypeSymbol type) =>
        type.DeclaringSyntaxReferences.Select(r => r.GetSyntax()).OfType<BaseTypeDeclarationSyntax>().Select(d => d.Identifier.GetLocation()).FirstOrDefault() ?? Location.None;

    private static ExpressionSyntax? Element(ExpressionSyntax array, int index) => array switch
    {
        CollectionExpressionSyntax collection when index < collection.Elements.Count => (collection.Elements[index] as ExpressionElementSyntax)?.Expression,
        ArrayCreationExpressionSyntax { Initializer.Expressions: var items } when index < items.Count => items[index],
        ImplicitArrayCreationExpressionSyntax { Initializer.Expressions: var items } when index < items.Count => items[index],
        LiteralExpressionSyntax when index == 0 => array,
        _ => null,
    };

    /// <summary>A part of a literal that has no escapes; else the expression as it is.</summary>
    private static (Location Location, bool IsExact) Part(ExpressionSyntax value, int start, int length)
    {
        if (value is not LiteralExpressionSyntax { Token: var token } || Offset(token) is not { } offset) return (value.GetLocation(), false);
        return (Location.Create(value.SyntaxTree, new TextSpan(token.SpanStart + offset + start, length)), true);
    }

    /// <summary>Where the text begins in the token; null when some of it is written as an escape.</summary>
    private static int? Offset(SyntaxToken token)
    {
        int quotes = token.Text.TakeWhile(c => c == '"').Count();
        int offset = token.Kind() switch
        {
            SyntaxKind.StringLiteralToken when token.Text.StartsWith("@\"", StringComparison.Ordinal) => 2,
            SyntaxKind.StringLiteralToken => 1,
            SyntaxKind.SingleLineRawStringLiteralToken => quotes,
            _ => -1,
        };
        return offset > 0 && string.CompareOrdinal(token.Text, offset, token.ValueText, 0, token.ValueText.Length) == 0 ? offset : null;
    }
}
