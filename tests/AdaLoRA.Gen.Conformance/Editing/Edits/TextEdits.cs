using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Comments, white space, directives, and what falls on the keyboard.</summary>
internal static class TextEdits
{
    private const string Cut = "/*cut ";

    private static readonly string[] Trivia = [" ", "\n", "/* why */", " // because\n", "\n/// <summary>What it is.</summary>\n", "\n#nullable disable\n", "\n#pragma warning disable\n", "\n#region R\n"];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("a member in a comment", CommentOut),
        new("a comment opened again", CommentIn),
        new("white space or a comment added", Add),
        new("white space taken out", TakeOut),
        new("a member under a condition", Condition),
        new("a letter typed", scene => Type(scene, 0)),
        new("letters deleted", scene => Type(scene, 1 + scene.Random.Below(6))),
        new("a token deleted", scene => scene.PickToken(t => t.Span.Length > 0) is { SyntaxTree: not null } token ? scene.Change(token, "") : null),
        new("a token twice", scene => scene.PickToken(t => t.Span.Length > 0) is { SyntaxTree: not null } token ? scene.Change(token, token.Text + " " + token.Text) : null),
    ];

    private static CSharpCompilation? CommentOut(EditScene scene) =>
        scene.PickNode<MemberDeclarationSyntax>(m => m is not BaseNamespaceDeclarationSyntax && !m.ToFullString().Contains("*/", StringComparison.Ordinal)) is { } member ? scene.Change(member, Cut + member + "*/") : null;

    private static CSharpCompilation? CommentIn(EditScene scene)
    {
        foreach (var tree in scene.Compilation.SyntaxTrees)
        {
            string text = tree.ToString();
            int start = text.IndexOf(Cut, StringComparison.Ordinal), end = start < 0 ? -1 : text.IndexOf("*/", start, StringComparison.Ordinal);
            if (end > 0) return scene.Change(tree, new TextChange(new TextSpan(start, Cut.Length), ""), new TextChange(new TextSpan(end, 2), ""));
        }
        return null;
    }

    private static CSharpCompilation? Add(EditScene scene) =>
        scene.PickToken(static _ => true) is { SyntaxTree: { } tree } token ? scene.Change(tree, new TextChange(new TextSpan(token.SpanStart, 0), scene.Random.Pick(Trivia))) : null;

    private static CSharpCompilation? TakeOut(EditScene scene) =>
        scene.PickToken(static t => t.TrailingTrivia.FullSpan.Length > 0) is { SyntaxTree: { } tree } token ? scene.Change(tree, new TextChange(token.TrailingTrivia.FullSpan, "")) : null;

    private static CSharpCompilation? Condition(EditScene scene) => scene.PickNode<MemberDeclarationSyntax>(m => m is not BaseNamespaceDeclarationSyntax) is { } member
        ? scene.Change(member, $"\n#if {scene.Random.Pick(["!DEBUG", "DEBUG", "true"])}\n{member}\n#endif\n") : null;

    private static CSharpCompilation? Type(EditScene scene, int deleted)
    {
        var tree = scene.PickTree();
        if (tree.Length == 0) return null;
        int at = scene.Random.Below(tree.Length);
        string typed = deleted > 0 ? "" : scene.Random.Pick([";", "}", "{", "(", ")", "a", "\"", "<", ">", "=", ".", " ", "//", "1", "[", "]"]);
        return scene.Change(tree, new TextChange(new TextSpan(at, Math.Min(deleted, tree.Length - at)), typed));
    }
}
