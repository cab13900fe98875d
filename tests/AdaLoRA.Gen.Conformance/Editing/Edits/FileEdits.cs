using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Files that come, go, change places, and come back.</summary>
internal static class FileEdits
{
    /// <summary>Files that name nothing of the others, or all too well.</summary>
    private static readonly string[] Added =
    [
        "public static class Unrelated { public static int F(int x) => x + 1; }",
        "namespace Elsewhere { public sealed class Linear { } public sealed class Block { public const int Width = 3; } }",
        "public sealed class Linear { public Linear(int a, int b) { } }",
        "global using static System.Math;",
        "global using Linear = TorchSharp.Modules.Conv1d;",
        "namespace Corpus { public sealed class Linear { } internal static class Sizes { public const int Width = 5; } }",
        "namespace TorchSharp.Modules { public sealed class Sequential { } }",
        "System.Console.WriteLine(\"top\");",
        "[assembly: System.CLSCompliant(false)]",
    ];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("a file deleted", Delete),
        new("a deleted file again", Restore),
        new("a file added", scene => scene.Compilation.AddSyntaxTrees(scene.Parse(scene.Random.Pick(Added), $"Added{scene.Random.Below(1000)}.cs"))),
        new("files in another order", Reorder),
        new("a file with another name", Rename),
        new("a file saved without a change", scene => scene.PickTree() is var tree ? scene.Compilation.ReplaceSyntaxTree(tree, scene.Parse(tree.ToString(), tree.FilePath)) : null),
        new("a file twice", scene => scene.PickTree() is var tree ? scene.Compilation.AddSyntaxTrees(scene.Parse(tree.ToString(), "Copy" + scene.Random.Below(1000) + ".cs")) : null),
        new("back to an earlier state", Undo),
        new("a file as it was earlier", UndoFile),
    ];

    private static CSharpCompilation? Delete(EditScene scene) => scene.Compilation.SyntaxTrees.Length > 1 ? scene.Compilation.RemoveSyntaxTrees(scene.PickTree()) : null;

    private static CSharpCompilation? Restore(EditScene scene)
    {
        SyntaxTree[] gone = [.. Earlier(scene).SyntaxTrees.Where(t => scene.Compilation.SyntaxTrees.All(now => now.FilePath != t.FilePath))];
        return gone.Length == 0 ? null : AsOptionsAllow(scene, scene.Compilation, scene.Random.Pick(gone));
    }

    private static CSharpCompilation? Reorder(EditScene scene)
    {
        List<SyntaxTree> trees = [.. scene.Compilation.SyntaxTrees];
        int from = scene.Random.Below(trees.Count), to = scene.Random.Below(trees.Count);
        (trees[from], trees[to]) = (trees[to], trees[from]);
        return scene.Compilation.RemoveAllSyntaxTrees().AddSyntaxTrees(trees);
    }

    private static CSharpCompilation? Rename(EditScene scene)
    {
        var tree = scene.PickTree();
        return scene.Compilation.ReplaceSyntaxTree(tree, scene.Parse(tree.ToString(), $"Renamed{scene.Random.Below(1000)}.cs"));
    }

    /// <summary>The very same trees, or their text alone: a memory may know the first ones again.</summary>
    private static CSharpCompilation? Undo(EditScene scene)
    {
        var earlier = Earlier(scene);
        return scene.Random.OneIn(3)
            ? earlier.RemoveAllSyntaxTrees().AddSyntaxTrees(earlier.SyntaxTrees.Select(t => CSharpSyntaxTree.ParseText(t.GetText(), (CSharpParseOptions)t.Options, t.FilePath)))
            : earlier;
    }

    private static CSharpCompilation? UndoFile(EditScene scene)
    {
        var tree = scene.PickTree();
        var before = Earlier(scene).SyntaxTrees.FirstOrDefault(t => t.FilePath == tree.FilePath && t != tree);
        return before is null ? null : AsOptionsAllow(scene, scene.Compilation.RemoveSyntaxTrees(tree), before);
    }

    private static CSharpCompilation Earlier(EditScene scene) => scene.Random.Pick(scene.History);

    /// <summary>All trees of a project have the same options.</summary>
    private static CSharpCompilation AsOptionsAllow(EditScene scene, CSharpCompilation to, SyntaxTree tree) =>
        to.AddSyntaxTrees(tree.Options.Equals(scene.Compilation.SyntaxTrees[0].Options) && !to.ContainsSyntaxTree(tree) ? tree : scene.Parse(tree.ToString(), tree.FilePath));
}
