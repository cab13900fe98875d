using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>What names mean: usings and namespaces.</summary>
internal static class ScopeEdits
{
    private static readonly string[] Usings =
    [
        "using System.Text;", "using Linear = TorchSharp.Modules.Conv1d;", "using static TorchSharp.torch.nn;", "global using TorchSharp.Modules;", "using Corpus;", "using Elsewhere;", "extern alias other;",
        "global using static TorchSharp.torch;", "using Layers = System.Collections.Generic.List<TorchSharp.Modules.Linear>;",
    ];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("a using taken out", scene => scene.PickNode<UsingDirectiveSyntax>() is { } directive ? scene.Change(directive, "") : null),
        new("a using added", AddUsing),
        new("another namespace", Namespace),
        new("a namespace taken out", scene => scene.PickNode<FileScopedNamespaceDeclarationSyntax>() is { } space
            ? scene.Change(space.SyntaxTree, new TextChange(TextSpan.FromBounds(space.NamespaceKeyword.SpanStart, space.SemicolonToken.Span.End), "")) : null),
        new("a namespace in braces", Braces),
    ];

    private static CSharpCompilation? AddUsing(EditScene scene)
    {
        string text = scene.Random.OneIn(3) && scene.PickAnywhere<BaseTypeDeclarationSyntax>() is { } type ? $"using static {Space(type)}{type.Identifier};" : scene.Random.Pick(Usings);
        return scene.Change(scene.PickTree(), new TextChange(default, text + "\n"));
    }

    private static CSharpCompilation? Namespace(EditScene scene)
    {
        if (scene.PickNode<BaseNamespaceDeclarationSyntax>() is not { } space) return null;
        string name = scene.PickAnywhere<BaseNamespaceDeclarationSyntax>(n => n != space) is { } other && scene.Random.OneIn(2) ? other.Name.ToString() : space.Name + ".Inner";
        return scene.Change(space.Name, name);
    }

    private static CSharpCompilation? Braces(EditScene scene) => scene.PickNode<FileScopedNamespaceDeclarationSyntax>() is { } space
        ? scene.Change(space.SyntaxTree, new TextChange(space.SemicolonToken.Span, " {"), new TextChange(new TextSpan(space.FullSpan.End, 0), "\n}\n"))
        : null;

    private static string Space(BaseTypeDeclarationSyntax type) => type.FirstAncestorOrSelf<BaseNamespaceDeclarationSyntax>() is { } space ? space.Name + "." : "";
}
