using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>What the classes of a model say by <c>ITiedWeights</c> of weights that are used a second time on purpose.</summary>
internal static class TiedWeights
{
    private const string Suffix = ".weight";

    /// <summary>Whether the class declares ties at all.</summary>
    public static bool DeclaredBy(INamedTypeSymbol type) => Contract(type) is not null;

    /// <summary>Whether one of the classes names the layer's weight, or names something that is not a constant.</summary>
    public static bool Mention(ModuleNode layer, IEnumerable<INamedTypeSymbol> classes, Compilation compilation, CancellationToken cancellation)
    {
        foreach (var type in classes)
        {
            if (Property(type) is not { } property) continue;
            var names = NamesIn(property, compilation, cancellation);
            if (names.Count == 0 || names.Exists(name => PatternMatcher.CanMatch(name, layer.Path) || PatternMatcher.CanMatch("*." + name, layer.Path))) return true;
        }
        return false;
    }

    private static INamedTypeSymbol? Contract(INamedTypeSymbol type) => type.AllInterfaces.FirstOrDefault(i => i is
    {
        Name: "ITiedWeights",
        ContainingNamespace: { Name: "Gen", ContainingNamespace: { Name: "AdaLoRA", ContainingNamespace.IsGlobalNamespace: true } },
    });

    /// <summary>The implementation where it is source. A class of another assembly ties what only its own code reads.</summary>
    private static ISymbol? Property(INamedTypeSymbol type) =>
        Contract(type)?.GetMembers("TiedParameters").FirstOrDefault() is { } contract && type.FindImplementationForInterfaceMember(contract) is { DeclaringSyntaxReferences.Length: > 0 } property ? property : null;

    /// <summary>Paths of the layers whose weights are named; empty where none is a constant.</summary>
    private static List<string> NamesIn(ISymbol property, Compilation compilation, CancellationToken cancellation)
    {
        var names = new List<string>();
        foreach (var reference in property.DeclaringSyntaxReferences)
        {
            var semantics = compilation.GetSemanticModel(reference.SyntaxTree);
            foreach (var expression in reference.GetSyntax(cancellation).DescendantNodes().OfType<ExpressionSyntax>())
                if (semantics.GetConstantValue(expression, cancellation).Value is string name && name.EndsWith(Suffix, StringComparison.Ordinal) && name.Length > Suffix.Length)
                    names.Add(name.Substring(0, name.Length - Suffix.Length));
        }
        return names;
    }
}
