using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>What a member or an item can be, from its declared type and what the source puts there.</summary>
internal static class HeldTypes
{
    /// <summary>The one class that the source puts there; the declared class where it does not say; null where it says several.</summary>
    public static INamedTypeSymbol? Actual(ITypeSymbol declared, IReadOnlyList<ExpressionSyntax> assigned, ReadContext context)
    {
        var made = Made(assigned, context);
        if (made.Count > 1) return SaysSomething(declared) ? (INamedTypeSymbol)declared : null;
        if (made.Count == 1) return made.First();
        return declared as INamedTypeSymbol;
    }

    /// <summary>Whether the value may be of a class derived from the one that was read, which could hold more.</summary>
    public static bool MayBeDerived(INamedTypeSymbol actual, IReadOnlyList<ExpressionSyntax> assigned, ReadContext context) =>
        !actual.IsSealed && (Made(assigned, context).Any(t => !SymbolEqualityComparer.Default.Equals(t, actual))
            || ((assigned.Count == 0 || assigned.Any(value => !Expressions.IsExact(value, context))) && context.HasDerived(actual)));

    /// <summary>Whether a member of that type may hold a module.</summary>
    public static bool MayHoldModule(ITypeSymbol declared) => declared switch
    {
        INamedTypeSymbol { TypeKind: TypeKind.Class or TypeKind.Interface or TypeKind.Error } named => TorchSharpTypes.IsModule(named) || SaysNothing(named),
        ITypeParameterSymbol parameter => parameter.ConstraintTypes.Any(MayHoldModule),
        IDynamicTypeSymbol => true,
        _ => false,
    };

    /// <summary>Types that say nothing of what they hold: <c>object</c>, a name that does not compile yet, and interfaces that are not the framework's.</summary>
    public static bool SaysNothing(ITypeSymbol type) =>
        type.SpecialType == SpecialType.System_Object || type.TypeKind == TypeKind.Error || (type.TypeKind == TypeKind.Interface && !IsFramework(type));

    /// <summary>A class of modules that says what it holds.</summary>
    public static bool SaysSomething(ITypeSymbol declared) => declared is INamedTypeSymbol { IsAbstract: false } && TorchSharpTypes.IsModule(declared) && !TorchSharpTypes.IsModuleBase(declared);

    private static HashSet<INamedTypeSymbol> Made(IReadOnlyList<ExpressionSyntax> assigned, ReadContext context)
    {
        var made = new HashSet<INamedTypeSymbol>(SymbolEqualityComparer.Default);
        foreach (var value in assigned)
            if (Expressions.TypeOf(value, context) is { } type) made.Add(type);
        // What a constructor's parameter is declared as says no more than the member itself.
        made.RemoveWhere(t => TorchSharpTypes.IsModuleBase(t) || t.TypeKind == TypeKind.Interface || t.SpecialType == SpecialType.System_Object);
        return made;
    }

    private static bool IsFramework(ITypeSymbol type)
    {
        string ns = type.ContainingNamespace.ToDisplayString();
        return ns is "System" || ns.StartsWith("System.", StringComparison.Ordinal) || ns.StartsWith("Microsoft.", StringComparison.Ordinal);
    }
}
