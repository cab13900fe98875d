using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>Types that hold modules without being one.</summary>
internal static class HeldTypes
{
    /// <summary>An array, a collection, a tuple or Lazy of modules, or of such a type again.</summary>
    public static bool Holds(ITypeSymbol type) => Elements(type).Any(e => ModuleClass.HoldsModule(e) || Holds(e));

    /// <summary>The module that a list has in it directly; null of everything else.</summary>
    public static ITypeSymbol? ItemOfList(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol { Rank: 1 } array when ModuleClass.HoldsModule(array.ElementType) => array.ElementType,
        INamedTypeSymbol { Name: "List" or "IList" or "ICollection" or "IEnumerable" or "IReadOnlyList" or "IReadOnlyCollection", TypeArguments: [var item] } when ModuleClass.HoldsModule(item) => item,
        _ => null,
    };

    public static bool IsDictionary(ITypeSymbol type) => type.Name.EndsWith("Dictionary", StringComparison.Ordinal);

    private static IEnumerable<ITypeSymbol> Elements(ITypeSymbol type) => type switch
    {
        IArrayTypeSymbol array => [array.ElementType],
        INamedTypeSymbol { IsTupleType: true } tuple => tuple.TupleElements.Select(e => e.Type),
        INamedTypeSymbol { TypeArguments.Length: > 0 } named when IsCollection(named) => named.TypeArguments,
        _ => [],
    };

    /// <summary>Not functions, tasks and weak references: what they give is not theirs.</summary>
    private static bool IsCollection(INamedTypeSymbol type)
    {
        string ns = type.ContainingNamespace.ToDisplayString();
        return ns is "System.Collections.Generic" or "System.Collections.Immutable" or "System.Collections.Concurrent" or "System.Collections.ObjectModel" or "System.Collections.Frozen"
            || (ns == "System" && type.Name is "Lazy" or "Tuple" or "Nullable");
    }
}
