using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Finds the annotated classes of a compilation, binding only the declarations that carry an attribute at all.</summary>
internal static class AnnotatedTypes
{
    public static IEnumerable<INamedTypeSymbol> In(Compilation compilation, CancellationToken cancellation)
    {
        var found = new HashSet<INamedTypeSymbol>(SymbolEqualityComparer.Default);
        foreach (var tree in compilation.SyntaxTrees)
        {
            SemanticModel? semantics = null;
            foreach (var declaration in tree.GetRoot(cancellation).DescendantNodes(n => n is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax or TypeDeclarationSyntax).OfType<ClassDeclarationSyntax>())
            {
                if (declaration.AttributeLists.Count == 0) continue;
                semantics ??= compilation.GetSemanticModel(tree);
                if (semantics.GetDeclaredSymbol(declaration, cancellation) is INamedTypeSymbol type && AdapterAttribute.On(type, cancellation).Count > 0 && found.Add(type)) yield return type;
            }
        }
    }
}
