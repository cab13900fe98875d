using System.Runtime.CompilerServices;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>The classes that others derive from. What a compilation declares is in the memo's hash of <see cref="Declarations"/>, so a reading that depends on it stays right.</summary>
internal static class DerivedTypes
{
    // Held as long as the compilation is: nothing here keeps one alive.
    private static readonly ConditionalWeakTable<Compilation, HashSet<INamedTypeSymbol>> Known = new();

    public static HashSet<INamedTypeSymbol> BasesIn(Compilation compilation) => Known.GetValue(compilation, static c =>
    {
        var bases = new HashSet<INamedTypeSymbol>(SymbolEqualityComparer.Default);
        Collect(c.Assembly.GlobalNamespace, bases);
        return bases;
    });

    private static void Collect(INamespaceOrTypeSymbol container, HashSet<INamedTypeSymbol> bases)
    {
        foreach (var member in container.GetMembers())
        {
            if (member is not INamespaceOrTypeSymbol inner) continue;
            if (inner is INamedTypeSymbol { TypeKind: TypeKind.Class, BaseType: { } parent }) bases.Add(parent.OriginalDefinition);
            Collect(inner, bases);
        }
    }
}
