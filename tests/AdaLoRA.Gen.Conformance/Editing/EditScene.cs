using AdaLoRA.Gen.Conformance.Fuzzing;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing;

/// <summary>A project as it stands before an edit, and the dice that the edit is thrown with.</summary>
/// <param name="compilation">The project.</param>
/// <param name="random">The edit's randomness.</param>
/// <param name="history">Earlier states, the first one first.</param>
internal sealed class EditScene(CSharpCompilation compilation, Mixer random, IReadOnlyList<CSharpCompilation> history)
{
    public CSharpCompilation Compilation => compilation;

    public Mixer Random => random;

    public IReadOnlyList<CSharpCompilation> History => history;

    public SyntaxTree PickTree() => random.Pick([.. compilation.SyntaxTrees]);

    /// <summary>A node of a kind in any file; null where there is none.</summary>
    public T? PickNode<T>(Func<T, bool>? wanted = null)
        where T : SyntaxNode => PickFrom(PickTree().GetRoot().DescendantNodes(descendIntoTrivia: false).OfType<T>().Where(wanted ?? (static _ => true)));

    /// <summary>Of all files together, where one alone may have none.</summary>
    public T? PickAnywhere<T>(Func<T, bool>? wanted = null)
        where T : SyntaxNode => PickFrom(compilation.SyntaxTrees.SelectMany(t => t.GetRoot().DescendantNodes()).OfType<T>().Where(wanted ?? (static _ => true)));

    /// <summary>A token of a sort in one file; a default one where there is none.</summary>
    public SyntaxToken PickToken(Func<SyntaxToken, bool> wanted)
    {
        List<SyntaxToken> tokens = [.. PickTree().GetRoot().DescendantTokens().Where(wanted)];
        return tokens.Count == 0 ? default : random.Pick(tokens);
    }

    /// <summary>Types with their own text: classes, records, structs, interfaces, enums.</summary>
    public string? PickTypeName() => PickAnywhere<Microsoft.CodeAnalysis.CSharp.Syntax.BaseTypeDeclarationSyntax>()?.Identifier.ValueText;

    /// <summary>The project with some text of a file changed, as an editor changes it: what did not change of the syntax is kept.</summary>
    public CSharpCompilation Change(SyntaxTree tree, params IEnumerable<TextChange> changes) =>
        compilation.ReplaceSyntaxTree(tree, tree.WithChangedText(tree.GetText().WithChanges([.. changes.OrderBy(c => c.Span.Start)])));

    public CSharpCompilation Change(SyntaxToken token, string text) => Change(token.SyntaxTree!, new TextChange(token.Span, text));

    public CSharpCompilation Change(SyntaxNode node, string text) => Change(node.SyntaxTree, new TextChange(node.Span, text));

    /// <summary>Takes a text out of one place and puts it in another, which may be in another file.</summary>
    public CSharpCompilation Move(SyntaxTree from, TextSpan span, SyntaxTree to, int position, string text)
    {
        if (from == to) return span.Contains(position) ? compilation : Change(from, new TextChange(span, ""), new TextChange(new TextSpan(position, 0), text));
        var taken = Change(from, new TextChange(span, ""));
        return taken.ReplaceSyntaxTree(to, to.WithChangedText(to.GetText().WithChanges(new TextChange(new TextSpan(position, 0), text))));
    }

    public SyntaxTree Parse(string text, string path) =>
        CSharpSyntaxTree.ParseText(SourceText.From(text, System.Text.Encoding.UTF8), (CSharpParseOptions)compilation.SyntaxTrees[0].Options, path);

    private T? PickFrom<T>(IEnumerable<T> nodes)
        where T : SyntaxNode
    {
        List<T> all = [.. nodes];
        return all.Count == 0 ? null : random.Pick(all);
    }
}
