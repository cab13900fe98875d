using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Reads expressions that make modules.</summary>
internal static class Expressions
{
    /// <summary>The expressions whose value this one may have; null literals say nothing.</summary>
    public static IEnumerable<ExpressionSyntax> Values(ExpressionSyntax expression) => expression switch
    {
        ParenthesizedExpressionSyntax inner => Values(inner.Expression),
        CastExpressionSyntax cast => Values(cast.Expression),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed => Values(suppressed.Operand),
        ConditionalExpressionSyntax conditional => Values(conditional.WhenTrue).Concat(Values(conditional.WhenFalse)),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } coalesce => Values(coalesce.Left).Concat(Values(coalesce.Right)),
        SwitchExpressionSyntax choice => choice.Arms.SelectMany(arm => Values(arm.Expression)),
        ThrowExpressionSyntax => [],
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.NullLiteralExpression or (int)SyntaxKind.DefaultLiteralExpression } => [],
        _ => [expression],
    };

    /// <summary>What a local that is set once was set to: <c>var layer = Linear(8, 8); layers.Add(layer);</c>.</summary>
    public static ExpressionSyntax Resolved(ExpressionSyntax expression, ReadContext context)
    {
        if (expression is not IdentifierNameSyntax name || context.SemanticModelOf(name.SyntaxTree).GetSymbolInfo(name, context.Cancellation).Symbol is not ILocalSymbol local) return expression;
        if (local.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation) is not VariableDeclaratorSyntax { Initializer.Value: { } value }) return expression;
        bool setAgain = name.FirstAncestorOrSelf<BaseMethodDeclarationSyntax>()?.DescendantNodes().OfType<AssignmentExpressionSyntax>()
            .Any(a => a.Left is IdentifierNameSyntax left && left.Identifier.ValueText == local.Name) ?? true;
        return setAgain ? expression : value;
    }

    /// <summary>The class that the expression is known to make, or null: of a collection expression or a call through a type parameter nothing is known.</summary>
    public static INamedTypeSymbol? TypeOf(ExpressionSyntax expression, ReadContext context)
    {
        var semantics = context.SemanticModelOf(expression.SyntaxTree);
        var type = semantics.GetTypeInfo(expression, context.Cancellation).Type as INamedTypeSymbol;
        if (type is null || MentionsTypeParameter(type)) return null;
        context.Visit(type);
        return type;
    }

    /// <summary>Whether this makes a module through TorchSharp itself, so that its arguments mean what TorchSharp says.</summary>
    public static ArgumentListSyntax? TorchSharpArguments(ExpressionSyntax expression, ReadContext context)
    {
        var arguments = expression switch
        {
            InvocationExpressionSyntax call => call.ArgumentList,
            BaseObjectCreationExpressionSyntax { ArgumentList: { } list } => list,
            _ => null,
        };
        if (arguments is null) return null;
        var symbol = context.SemanticModelOf(expression.SyntaxTree).GetSymbolInfo(expression, context.Cancellation).Symbol;
        return symbol is IMethodSymbol && TorchSharpTypes.IsFromTorchSharp(symbol) ? arguments : null;
    }

    public static bool MentionsTypeParameter(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        INamedTypeSymbol named => named.TypeArguments.Any(MentionsTypeParameter) || (named.ContainingType is { } outer && MentionsTypeParameter(outer)),
        IArrayTypeSymbol array => MentionsTypeParameter(array.ElementType),
        _ => false,
    };
}
