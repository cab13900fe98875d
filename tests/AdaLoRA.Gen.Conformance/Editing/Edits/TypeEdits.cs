using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Other types: of a member, of what is made, of a base class.</summary>
internal static class TypeEdits
{
    private static readonly string[] Layers = ["Linear", "Conv1d", "Conv2d", "Embedding", "LayerNorm", "LSTM", "TransposedLinear"];

    private static readonly string[] Holders =
        ["ModuleList<Linear>", "Sequential", "Linear[]", "List<Linear>", "object", "Module<Tensor, Tensor>", "ModuleDict<Linear>", "Tensor", "int", "Linear?", "ModuleList<Module<Tensor, Tensor>>"];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("another layer", AnotherLayer),
        new("another layer on both sides", BothSides),
        new("another type of a member", MemberType),
        new("another base class", Base),
        new("another kind of type", Kind),
    ];

    private static CSharpCompilation? AnotherLayer(EditScene scene) =>
        scene.PickNode<IdentifierNameSyntax>(n => Array.IndexOf(Layers, n.Identifier.ValueText) >= 0) is { } name ? scene.Change(name, Layer(scene)) : null;

    private static CSharpCompilation? BothSides(EditScene scene)
    {
        if (scene.PickNode<FieldDeclarationSyntax>() is not { } field) return null;
        string layer = Layer(scene);
        TextChange[] changes = [.. field.DescendantNodes().OfType<IdentifierNameSyntax>().Where(n => Array.IndexOf(Layers, n.Identifier.ValueText) >= 0).Select(n => new TextChange(n.Span, layer))];
        return changes.Length == 0 ? null : scene.Change(field.SyntaxTree, changes);
    }

    private static CSharpCompilation? MemberType(EditScene scene)
    {
        var type = scene.Random.OneIn(3) ? scene.PickNode<PropertyDeclarationSyntax>()?.Type : scene.PickNode<FieldDeclarationSyntax>()?.Declaration.Type;
        return type is null ? null : scene.Change(type, Type(scene));
    }

    private static CSharpCompilation? Base(EditScene scene)
    {
        if (scene.PickNode<ClassDeclarationSyntax>() is not { } type) return null;
        string name = scene.Random.OneIn(3) ? "Module<Tensor, Tensor>" : scene.PickTypeName() ?? "Module";
        if (type.BaseList is not { Types: { Count: > 0 } bases }) return scene.Change(type.SyntaxTree, new TextChange(new TextSpan(type.Identifier.Span.End, 0), " : " + name));
        return scene.Random.OneIn(5) ? scene.Change(type.BaseList, "") : scene.Change(bases[0].Type, name);
    }

    private static CSharpCompilation? Kind(EditScene scene) => scene.PickNode<TypeDeclarationSyntax>() is { } type
        ? scene.Change(type.Keyword, scene.Random.Pick(["class", "record", "struct", "interface"])) : null;

    private static string Layer(EditScene scene) => scene.Random.OneIn(4) ? scene.PickTypeName() ?? "Linear" : scene.Random.Pick(Layers);

    private static string Type(EditScene scene) => scene.Random.Below(3) switch
    {
        0 => scene.Random.Pick(Holders),
        1 => scene.PickAnywhere<FieldDeclarationSyntax>()?.Declaration.Type.ToString() ?? "Linear",
        _ => Layer(scene),
    };
}
