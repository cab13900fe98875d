using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>
/// Puts the classes that models are made of in files of their own. What a memory of files can get wrong shows only where a model's blocks, bases and constants lie elsewhere, and the corpus
/// mostly has them beside the model.
/// </summary>
internal static class Scatter
{
    public static CSharpCompilation Apply(CSharpCompilation compilation)
    {
        foreach (var tree in compilation.SyntaxTrees)
        {
            var root = (CompilationUnitSyntax)tree.GetRoot();
            if (root.Members is not [FileScopedNamespaceDeclarationSyntax scope]) continue;
            List<BaseTypeDeclarationSyntax> moved = [.. scope.Members.OfType<BaseTypeDeclarationSyntax>().Where(t => t.AttributeLists.Count == 0 && !t.Modifiers.Any(SyntaxKind.FileKeyword))];
            if (moved.Count == 0) continue;
            for (int i = 0; i < moved.Count; i++)
            {
                var alone = root.ReplaceNode(scope, scope.WithMembers([moved[i]]));
                string path = $"{Path.GetFileNameWithoutExtension(tree.FilePath)}.{i}.cs";
                compilation = compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText(alone.ToFullString(), (CSharpParseOptions)tree.Options, path, System.Text.Encoding.UTF8));
            }
            string rest = root.RemoveNodes(moved, SyntaxRemoveOptions.KeepNoTrivia)!.ToFullString();
            compilation = compilation.ReplaceSyntaxTree(tree, CSharpSyntaxTree.ParseText(rest, (CSharpParseOptions)tree.Options, tree.FilePath, System.Text.Encoding.UTF8));
        }
        return compilation;
    }
}
