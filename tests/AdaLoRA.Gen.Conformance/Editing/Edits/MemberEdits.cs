using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Members and types that go, come, move and change what they are.</summary>
internal static class MemberEdits
{
    private static readonly SyntaxKind[] Modifiers =
    [
        SyntaxKind.PublicKeyword, SyntaxKind.PrivateKeyword, SyntaxKind.InternalKeyword, SyntaxKind.ProtectedKeyword, SyntaxKind.StaticKeyword, SyntaxKind.ReadOnlyKeyword, SyntaxKind.ConstKeyword,
        SyntaxKind.PartialKeyword, SyntaxKind.SealedKeyword, SyntaxKind.AbstractKeyword, SyntaxKind.FileKeyword, SyntaxKind.NewKeyword, SyntaxKind.VirtualKeyword, SyntaxKind.OverrideKeyword,
    ];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("a member taken out", scene => scene.PickNode<MemberDeclarationSyntax>(IsMovable) is { } member ? scene.Change(member, "") : null),
        new("a member moved to another class", scene => Transfer(scene, isCopy: false)),
        new("a member copied to another class", scene => Transfer(scene, isCopy: true)),
        new("a class moved to another file", MoveType),
        new("a class moved into another class", Nest),
        new("a field becomes a property, or back", FieldOrProperty),
        new("another modifier", Modifier),
        new("a class in two parts", Split),
        new("a type parameter", TypeParameter),
    ];

    private static bool IsMovable(MemberDeclarationSyntax member) => member.Parent is TypeDeclarationSyntax;

    private static CSharpCompilation? Transfer(EditScene scene, bool isCopy)
    {
        if (scene.PickNode<MemberDeclarationSyntax>(IsMovable) is not { } member || scene.PickAnywhere<TypeDeclarationSyntax>(t => !t.CloseBraceToken.IsMissing) is not { } target) return null;
        string text = "\n" + member.ToString() + "\n";
        int position = target.CloseBraceToken.SpanStart;
        return isCopy ? scene.Change(target.SyntaxTree, new TextChange(new TextSpan(position, 0), text)) : scene.Move(member.SyntaxTree, member.FullSpan, target.SyntaxTree, position, text);
    }

    private static CSharpCompilation? MoveType(EditScene scene)
    {
        if (scene.PickNode<BaseTypeDeclarationSyntax>() is not { } type) return null;
        var to = scene.PickTree();
        return scene.Move(type.SyntaxTree, type.FullSpan, to, to.Length, "\n" + type + "\n");
    }

    private static CSharpCompilation? Nest(EditScene scene)
    {
        if (scene.PickNode<BaseTypeDeclarationSyntax>() is not { } type || scene.PickAnywhere<ClassDeclarationSyntax>(c => !c.CloseBraceToken.IsMissing && !type.Contains(c)) is not { } target) return null;
        return scene.Move(type.SyntaxTree, type.FullSpan, target.SyntaxTree, target.CloseBraceToken.SpanStart, "\n" + type + "\n");
    }

    private static CSharpCompilation? FieldOrProperty(EditScene scene)
    {
        if (scene.Random.OneIn(2) && scene.PickNode<PropertyDeclarationSyntax>() is { } property) return scene.Change(property, $"{property.Type} {property.Identifier} {property.Initializer};");
        return scene.PickNode<FieldDeclarationSyntax>(f => f.Declaration.Variables.Count == 1) is { Declaration: var declaration } field
            ? scene.Change(field, $"public {declaration.Type} {declaration.Variables[0].Identifier} {{ get; }} {(declaration.Variables[0].Initializer is { } value ? value + ";" : "")}")
            : null;
    }

    private static CSharpCompilation? Modifier(EditScene scene)
    {
        if (scene.PickNode<MemberDeclarationSyntax>(m => m is not BaseNamespaceDeclarationSyntax) is not { } member) return null;
        string text = SyntaxFacts.GetText(scene.Random.Pick(Modifiers));
        if (member.Modifiers.Count > 0 && scene.Random.OneIn(2)) return scene.Change(scene.Random.Pick([.. member.Modifiers]), scene.Random.OneIn(2) ? "" : text);
        int at = member.Modifiers.Count > 0 ? member.Modifiers[0].SpanStart : member.AttributeLists.Count > 0 ? member.AttributeLists.FullSpan.End : member.SpanStart;
        return scene.Change(member.SyntaxTree, new TextChange(new TextSpan(at, 0), text + " "));
    }

    private static CSharpCompilation? Split(EditScene scene)
    {
        if (scene.PickNode<ClassDeclarationSyntax>(c => c.Members.Count > 1 && c.Modifiers.Any(SyntaxKind.PartialKeyword)) is not { } type) return null;
        var member = scene.Random.Pick([.. type.Members]);
        string scope = type.FirstAncestorOrSelf<BaseNamespaceDeclarationSyntax>() is { } space ? $"namespace {space.Name};\n" : "";
        string usings = string.Join("\n", type.SyntaxTree.GetCompilationUnitRoot().Usings.Select(u => u.ToString()));
        var part = scene.Parse($"{usings}\n{scope}partial class {type.Identifier}{type.TypeParameterList} {{ {member} }}\n", $"Part{scene.Random.Below(1000)}.cs");
        return scene.Change(member, "").AddSyntaxTrees(part);
    }

    private static CSharpCompilation? TypeParameter(EditScene scene)
    {
        if (scene.PickNode<TypeDeclarationSyntax>() is not { } type) return null;
        return type.TypeParameterList is { } list ? scene.Change(list, "") : scene.Change(type.SyntaxTree, new TextChange(new TextSpan(type.Identifier.Span.End, 0), "<T>"));
    }
}
