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

    /// <summary><c>Linear(8, 8).to(device)</c> and its like are the layer itself.</summary>
    public static ExpressionSyntax Moved(ExpressionSyntax expression, ReadContext context) =>
        expression is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "to" or "cuda" or "cpu" } access }
        && context.SemanticModelOf(expression.SyntaxTree).GetSymbolInfo(expression, context.Cancellation).Symbol is { } method && TorchSharpTypes.IsFromTorchSharp(method)
            ? Moved(access.Expression, context)
            : expression;

    /// <summary>The local variable that an expression names, or null.</summary>
    public static ILocalSymbol? LocalOf(ExpressionSyntax expression, ReadContext context) =>
        expression is IdentifierNameSyntax ? context.SemanticModelOf(expression.SyntaxTree).GetSymbolInfo(expression, context.Cancellation).Symbol as ILocalSymbol : null;

    /// <summary>Whether the value may be null, as far as its own text and the annotations of what it names say.</summary>
    public static bool MayBeNull(ExpressionSyntax expression, ReadContext context) => expression switch
    {
        ParenthesizedExpressionSyntax inner => MayBeNull(inner.Expression, context),
        CastExpressionSyntax cast => MayBeNull(cast.Expression, context),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression, Operand: LiteralExpressionSyntax } => true,
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } => false,
        ConditionalExpressionSyntax conditional => MayBeNull(conditional.WhenTrue, context) || MayBeNull(conditional.WhenFalse, context),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } coalesce => MayBeNull(coalesce.Right, context),
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AsExpression } or ConditionalAccessExpressionSyntax => true,
        SwitchExpressionSyntax choice => choice.Arms.Any(arm => MayBeNull(arm.Expression, context)),
        LiteralExpressionSyntax { RawKind: (int)SyntaxKind.NullLiteralExpression or (int)SyntaxKind.DefaultLiteralExpression } => true,
        ThrowExpressionSyntax or BaseObjectCreationExpressionSyntax or CollectionExpressionSyntax => false,
        _ => context.SemanticModelOf(expression.SyntaxTree).GetTypeInfo(expression, context.Cancellation).Nullability.FlowState == NullableFlowState.MaybeNull,
    };

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

    /// <summary>Whether TorchSharp makes a new container here: by one of its factories or a constructor, not by a method of another container.</summary>
    public static bool MakesContainer(ExpressionSyntax expression, ReadContext context) =>
        expression is BaseObjectCreationExpressionSyntax
        || context.SemanticModelOf(expression.SyntaxTree).GetSymbolInfo(expression, context.Cancellation).Symbol is IMethodSymbol { IsStatic: true, Name: "Sequential" or "ModuleList" or "ModuleDict" };

    /// <summary>Whether the value is of its class itself, not of one derived from it.</summary>
    public static bool IsExact(ExpressionSyntax expression, ReadContext context) =>
        expression is BaseObjectCreationExpressionSyntax || TorchSharpArguments(expression, context) is not null;

    public static bool MentionsTypeParameter(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        INamedTypeSymbol named => named.TypeArguments.Any(MentionsTypeParameter) || (named.ContainingType is { } outer && MentionsTypeParameter(outer)),
        IArrayTypeSymbol array => MentionsTypeParameter(array.ElementType),
        _ => false,
    };
}
