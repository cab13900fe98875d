using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>When a constructor registers what its class holds. TorchSharp does that once: what is assigned later stays unknown.</summary>
internal static class RegistrationOrder
{
    public const string Method = "RegisterComponents";

    /// <summary>A constructor that this one calls has registered before the body begins.</summary>
    public const int BeforeBody = -1;

    /// <summary>Nothing says that it registers at all.</summary>
    public const int Never = int.MaxValue;

    /// <summary>Longest chain of constructors that is followed; broken code may have a circle.</summary>
    private const int Deepest = 32;

    /// <summary>The position in the file after which what is assigned is late.</summary>
    public static int Of(ConstructorDeclarationSyntax constructor, IReadOnlyList<MethodDeclarationSyntax> methods, ReadContext context, int depth = 0)
    {
        if (Called(constructor, context) is { } called && Registers(called, context, depth + 1)) return BeforeBody;
        foreach (var statement in constructor.Body?.Statements ?? [])
            if (Registers(statement, methods)) return statement.SpanStart;
        return constructor.ExpressionBody is { } body && IsCall(body.Expression) ? body.SpanStart : Never;
    }

    /// <summary><c>RegisterComponents()</c> on the object itself.</summary>
    public static bool IsCall(SyntaxNode node) => node is InvocationExpressionSyntax
    {
        Expression: IdentifierNameSyntax { Identifier.ValueText: Method } or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name.Identifier.ValueText: Method },
    };

    private static bool Registers(StatementSyntax statement, IReadOnlyList<MethodDeclarationSyntax> methods) =>
        statement is ExpressionStatementSyntax { Expression: InvocationExpressionSyntax call }
        && (IsCall(call) || (call.Expression is IdentifierNameSyntax { Identifier.ValueText: var name } && methods.Any(m => m.Identifier.ValueText == name && (m.Body?.Statements ?? []).Any(s => s is ExpressionStatementSyntax { Expression: var e } && IsCall(e)))));

    private static bool Registers(IMethodSymbol constructor, ReadContext context, int depth)
    {
        if (depth > Deepest || TorchSharpTypes.IsFromTorchSharp(constructor)) return false;
        var type = constructor.ContainingType;
        switch (constructor.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(context.Cancellation))
        {
            case ConstructorDeclarationSyntax written:
                context.Visited.Add(written.SyntaxTree);
                return Of(written, Methods(type, context), context, depth) != Never;
            case TypeDeclarationSyntax primary:
                var called = primary.BaseList?.Types.OfType<PrimaryConstructorBaseTypeSyntax>().FirstOrDefault() is { } list
                    ? context.SemanticModelOf(list.SyntaxTree).GetSymbolInfo(list, context.Cancellation).Symbol as IMethodSymbol
                    : Parameterless(type.BaseType);
                return called is not null && Registers(called, context, depth + 1);
            default:
                return constructor.IsImplicitlyDeclared && Parameterless(type.BaseType) is { } inherited && Registers(inherited, context, depth + 1);
        }
    }

    private static IMethodSymbol? Called(ConstructorDeclarationSyntax constructor, ReadContext context)
    {
        var semantics = context.SemanticModelOf(constructor.SyntaxTree);
        return constructor.Initializer is { } initializer
            ? semantics.GetSymbolInfo(initializer, context.Cancellation).Symbol as IMethodSymbol
            : Parameterless(semantics.GetDeclaredSymbol(constructor, context.Cancellation)?.ContainingType.BaseType);
    }

    private static IMethodSymbol? Parameterless(INamedTypeSymbol? type) =>
        type?.InstanceConstructors.Where(c => c.Parameters.All(p => p.IsOptional)).OrderBy(c => c.Parameters.Length).FirstOrDefault();

    private static List<MethodDeclarationSyntax> Methods(INamedTypeSymbol type, ReadContext context) =>
        [.. type.DeclaringSyntaxReferences.Select(r => r.GetSyntax(context.Cancellation)).OfType<TypeDeclarationSyntax>().SelectMany(d => d.Members).OfType<MethodDeclarationSyntax>()];
}
