using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Other names, everywhere or in one place only, so that the code breaks.</summary>
internal static class NameEdits
{
    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("rename everywhere", Everywhere),
        new("rename a declaration alone", DeclarationAlone),
        new("rename a use", Use),
        new("rename as something else is named", AsAnother),
    ];

    private static CSharpCompilation? Everywhere(EditScene scene)
    {
        if (Declared(scene) is not { } name) return null;
        string with = Other(scene, name.ValueText);
        var result = scene.Compilation;
        foreach (var tree in scene.Compilation.SyntaxTrees)
        {
            TextChange[] changes = [.. tree.GetRoot().DescendantTokens().Where(t => t.IsKind(SyntaxKind.IdentifierToken) && t.ValueText == name.ValueText).Select(t => new TextChange(t.Span, with))];
            if (changes.Length > 0) result = result.ReplaceSyntaxTree(tree, tree.WithChangedText(tree.GetText().WithChanges(changes)));
        }
        return result;
    }

    private static CSharpCompilation? DeclarationAlone(EditScene scene) => Declared(scene) is { } name ? scene.Change(name, Other(scene, name.ValueText)) : null;

    private static CSharpCompilation? Use(EditScene scene) =>
        scene.PickNode<IdentifierNameSyntax>() is { } use ? scene.Change(use.Identifier, Other(scene, use.Identifier.ValueText)) : null;

    private static CSharpCompilation? AsAnother(EditScene scene) =>
        Declared(scene) is { } name && Declared(scene) is { } other ? scene.Change(name, other.Text) : null;

    private static SyntaxToken? Declared(EditScene scene) => scene.PickNode<SyntaxNode>(n => Identifier(n) is not null) is { } node ? Identifier(node) : null;

    private static SyntaxToken? Identifier(SyntaxNode node) => node switch
    {
        VariableDeclaratorSyntax { Parent.Parent: BaseFieldDeclarationSyntax } variable => variable.Identifier,
        BaseTypeDeclarationSyntax type => type.Identifier,
        PropertyDeclarationSyntax property => property.Identifier,
        MethodDeclarationSyntax method => method.Identifier,
        ParameterSyntax parameter => parameter.Identifier,
        TypeParameterSyntax parameter => parameter.Identifier,
        EnumMemberDeclarationSyntax member => member.Identifier,
        _ => null,
    };

    private static string Other(EditScene scene, string name) => scene.Random.Below(4) switch
    {
        // An identifier that the parser misses has no text.
        _ when name.Length == 0 => "x",
        0 => name + "2",
        1 => "_" + name,
        2 => name.Length > 1 ? name[..^1] : name + "x",
        _ => char.IsUpper(name[0]) ? char.ToLowerInvariant(name[0]) + name[1..] : char.ToUpperInvariant(name[0]) + name[1..],
    };
}
