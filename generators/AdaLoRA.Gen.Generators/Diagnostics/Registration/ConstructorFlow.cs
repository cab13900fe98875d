using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>Where in the run of a constructor RegisterComponents() is sure to have been called.</summary>
internal sealed class ConstructorFlow(ModuleClass read)
{
    private const int MostCalls = 8;

    /// <summary>The constructor, this or one that it calls first, whose body is sure to register; null when none is.</summary>
    public IMethodSymbol? RegisteringConstructor(IMethodSymbol constructor, int depth = 0)
    {
        if (depth > MostCalls) return null;
        var syntax = SyntaxOf(constructor);
        if (Called(constructor, syntax) is { } first && RegisteringConstructor(first, depth + 1) is { } found) return found;
        return syntax is ConstructorDeclarationSyntax declared && Steps(declared).Any(step => Registers(step)) ? constructor : null;
    }

    /// <summary>The constructor that runs before the body: of <c>this(…)</c>, <c>base(…)</c>, or the one that nobody wrote.</summary>
    public IMethodSymbol? Called(IMethodSymbol constructor) => Called(constructor, SyntaxOf(constructor));

    /// <summary>What a body does one after the other, whatever happens.</summary>
    public static IEnumerable<SyntaxNode> Steps(BaseMethodDeclarationSyntax method) =>
        method.ExpressionBody is { } arrow ? [arrow.Expression] : (IEnumerable<SyntaxNode>?)method.Body?.Statements ?? [];

    /// <summary>The step calls RegisterComponents(), itself or in a method of the class.</summary>
    public bool Registers(SyntaxNode step, int depth = 0)
    {
        if ((step as ExpressionStatementSyntax)?.Expression is { } expression) step = expression;
        if (depth > MostCalls || step is not InvocationExpressionSyntax { ArgumentList.Arguments: var arguments } call || !IsOnThis(call)) return false;
        if (read.SymbolOf(call) is not IMethodSymbol method) return false;
        if (method.Name == "RegisterComponents" && arguments.Count == 0) return TorchSharpTypes.IsFromTorchSharp(method);
        return !method.IsVirtual && !method.IsAbstract && !method.IsOverride && !method.IsAsync
            && method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(read.Context.Cancellation) is MethodDeclarationSyntax declared
            && Steps(declared).Any(inner => Registers(inner, depth + 1));
    }

    private IMethodSymbol? Called(IMethodSymbol constructor, SyntaxNode? syntax)
    {
        SyntaxNode? initializer = syntax switch
        {
            ConstructorDeclarationSyntax { Initializer: { } written } => written,
            TypeDeclarationSyntax { BaseList: { } bases } => bases.Types.OfType<PrimaryConstructorBaseTypeSyntax>().FirstOrDefault(),
            _ => null,
        };
        var called = initializer is not null
            ? read.SymbolOf(initializer) as IMethodSymbol
            : constructor.ContainingType.BaseType?.InstanceConstructors.FirstOrDefault(c => c.Parameters.Length == 0);
        return called is null || TorchSharpTypes.IsFromTorchSharp(called) ? null : called.OriginalDefinition;
    }

    private SyntaxNode? SyntaxOf(IMethodSymbol constructor) => constructor.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(read.Context.Cancellation);

    private static bool IsOnThis(InvocationExpressionSyntax call) =>
        call.Expression is IdentifierNameSyntax or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax };
}
