using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Recognises <c>functional.linear(x, layer.weight, layer.bias)</c>, which is <c>layer.call(x)</c> written out. Without the bias it is so only for a layer that has none.</summary>
internal static class LinearCall
{
    /// <summary>What to call instead, or null where the two may differ.</summary>
    public static string? Of(IOperation product, IPropertyReferenceOperation weight)
    {
        if (product is not IInvocationOperation { TargetMethod: { Name: "linear", ContainingType.Name: "functional" }, Syntax: InvocationExpressionSyntax { ArgumentList.Arguments: { Count: 3 } arguments } }) return null;
        if (weight.Instance?.Type is not { } type || AdaptableLayers.KindOf(type) is not (LayerKind.Linear or LayerKind.QuantizableLinear) || arguments.Any(a => a.NameColon is not null)) return null;
        return Member(arguments[1].Expression) is { Name.Identifier.ValueText: "weight" } first && Member(arguments[2].Expression) is { Name.Identifier.ValueText: "bias" } second
            && first == weight.Syntax && IsPlain(first.Expression) && SyntaxFactory.AreEquivalent(first.Expression, second.Expression)
            ? first.Expression.WithoutTrivia() + ".call"
            : null;
    }

    private static MemberAccessExpressionSyntax? Member(ExpressionSyntax expression) => expression switch
    {
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed => Member(suppressed.Operand),
        ParenthesizedExpressionSyntax inner => Member(inner.Expression),
        _ => expression as MemberAccessExpressionSyntax,
    };

    /// <summary>Evaluating it twice gives the same layer.</summary>
    private static bool IsPlain(ExpressionSyntax receiver) => receiver switch
    {
        IdentifierNameSyntax or ThisExpressionSyntax => true,
        MemberAccessExpressionSyntax access => IsPlain(access.Expression),
        ElementAccessExpressionSyntax item => IsPlain(item.Expression) && item.ArgumentList.Arguments.All(a => a.Expression is LiteralExpressionSyntax or IdentifierNameSyntax),
        _ => false,
    };
}
