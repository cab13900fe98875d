using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>
/// Tells expressions that make a module from those that may name one which is registered elsewhere. Only of the former is it certain that nothing else holds
/// the module.
/// </summary>
internal static class Creations
{
    private const int MostCalls = 3;

    private static readonly string[] AddingMethods = ["Add", "AddRange", "Insert", "Push", "Enqueue", "AddLast", "AddFirst", "TryAdd"];

    /// <summary>The expression, or one of its alternatives, makes a module that has something to lose.</summary>
    public static bool IsCreation(ExpressionSyntax expression, ModuleClass read) => Expressions.Values(expression).Any(value => Makes(value, read));

    /// <summary>The expression makes a collection, and modules for it.</summary>
    public static bool FillsCollection(ExpressionSyntax expression, ModuleClass read, bool followCalls = true) => Expressions.Values(expression).Any(value =>
        (followCalls && MakesElsewhere(value, read)) || value.DescendantNodesAndSelf().OfType<ExpressionSyntax>().Any(inner => Makes(inner, read) && IsElementOf(inner, value, read)));

    /// <summary>A statement such as <c>member.Add(Linear(8, 8))</c> puts a new module into the collection.</summary>
    public static bool IsAdding(string method) => Array.IndexOf(AddingMethods, method) >= 0;

    private static bool Makes(ExpressionSyntax value, ModuleClass read, int depth = 0)
    {
        switch (value)
        {
            case BaseObjectCreationExpressionSyntax:
                return read.TypeOf(value) is { } made && ModuleClass.HoldsModule(made) && !StatelessModules.Is(made, read);
            case InvocationExpressionSyntax call when read.SymbolOf(call) is IMethodSymbol method:
                if (!ModuleClass.HoldsModule(method.ReturnType) || StatelessModules.Is(method.ReturnType, read)) return false;
                // "Linear(8, 8).to(CUDA)" is the layer itself.
                if (method.ReducedFrom is not null || !method.IsStatic)
                    return TorchSharpTypes.IsFromTorchSharp(method) && call.Expression is MemberAccessExpressionSyntax access && Makes(access.Expression, read, depth);
                return TorchSharpTypes.IsFromTorchSharp(method) ? !method.IsExtensionMethod : Returns(method, read, depth).Any(r => Makes(r, read, depth + 1));
            default:
                return false;
        }
    }

    /// <summary>A static method fills a collection and returns it.</summary>
    private static bool MakesElsewhere(ExpressionSyntax value, ModuleClass read) =>
        value is InvocationExpressionSyntax call && read.SymbolOf(call) is IMethodSymbol { IsStatic: true, IsExtensionMethod: false } method && HeldTypes.Holds(method.ReturnType)
        && Returns(method, read, 0).Any(returned => MemberFlow.IsOnlyHere(returned, read, followCalls: false));

    /// <summary>What a method with source returns; nothing where calls go too deep.</summary>
    private static IEnumerable<ExpressionSyntax> Returns(IMethodSymbol method, ModuleClass read, int depth)
    {
        var syntax = depth > MostCalls ? null : method.OriginalDefinition.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(read.Context.Cancellation);
        return syntax is not MethodDeclarationSyntax declared ? []
            : declared.ExpressionBody is { } arrow ? Expressions.Values(arrow.Expression)
            : declared.DescendantNodes(n => n is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)).OfType<ReturnStatementSyntax>()
                .Select(r => r.Expression).OfType<ExpressionSyntax>().SelectMany(Expressions.Values);
    }

    /// <summary>Between the module and the collection stands nothing that could put the module elsewhere, too.</summary>
    private static bool IsElementOf(SyntaxNode inner, SyntaxNode collection, ModuleClass read)
    {
        for (var node = inner; node != collection; node = node.Parent!)
        {
            switch (node.Parent)
            {
                case InitializerExpressionSyntax or CollectionExpressionSyntax or ExpressionElementSyntax or SpreadElementSyntax or ParenthesizedExpressionSyntax or CastExpressionSyntax:
                case TupleExpressionSyntax or ArgumentListSyntax or ConditionalExpressionSyntax or LambdaExpressionSyntax or ArrowExpressionClauseSyntax:
                case ArrayCreationExpressionSyntax or ImplicitArrayCreationExpressionSyntax or PostfixUnaryExpressionSyntax:
                case ArgumentSyntax or ReturnStatementSyntax or SwitchExpressionArmSyntax or SwitchExpressionSyntax:
                case MemberAccessExpressionSyntax or SelectClauseSyntax or QueryBodySyntax or QueryExpressionSyntax:
                case BlockSyntax { Parent: LambdaExpressionSyntax }:
                    break;
                case AssignmentExpressionSyntax { Left: ImplicitElementAccessSyntax } assignment when assignment.Right == node:
                    break;
                case InvocationExpressionSyntax call when IsOfFramework(read.SymbolOf(call)):
                    break;
                case BaseObjectCreationExpressionSyntax creation when read.TypeOf(creation) is { } made && !ModuleClass.HoldsModule(made) && HeldTypes.Holds(made):
                    break;
                default:
                    return false;
            }
        }
        return true;
    }

    private static bool IsOfFramework(ISymbol? symbol) => symbol is IMethodSymbol && symbol.ContainingNamespace.ToDisplayString().StartsWith("System", StringComparison.Ordinal);
}
