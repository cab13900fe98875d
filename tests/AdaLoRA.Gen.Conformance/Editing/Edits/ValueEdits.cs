using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Other values: sizes, constants, arguments, initialisers.</summary>
internal static class ValueEdits
{
    private static readonly string[] Numbers = ["0", "1", "2", "3", "4", "8", "16", "32", "64", "-1", "4096", "1.5"];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("another number", Number),
        new("another value of a constant", Constant),
        new("an argument from elsewhere", Argument),
        new("a size by the name of a constant", Named),
        new("an initialiser taken off or put on", Initialiser),
        new("arguments exchanged", Exchange),
    ];

    private static CSharpCompilation? Number(EditScene scene) =>
        scene.PickToken(t => t.IsKind(SyntaxKind.NumericLiteralToken)) is { SyntaxTree: not null } number ? scene.Change(number, scene.Random.Pick(Numbers)) : null;

    private static CSharpCompilation? Constant(EditScene scene)
    {
        if (scene.PickAnywhere<VariableDeclaratorSyntax>(IsConstant)?.Initializer is not { } initializer) return null;
        string old = initializer.Value.ToString();
        string value = scene.Random.Below(4) switch
        {
            0 => old.StartsWith('"') ? old[..^1] + "x\"" : old + " * 2",
            1 => scene.PickAnywhere<VariableDeclaratorSyntax>(IsConstant)!.Initializer!.Value.ToString(),
            2 => NameOf(scene.PickAnywhere<VariableDeclaratorSyntax>(IsConstant)!),
            _ => scene.Random.Pick(Numbers),
        };
        return scene.Change(initializer.Value, value);
    }

    private static CSharpCompilation? Argument(EditScene scene) =>
        scene.PickNode<ArgumentSyntax>() is { } argument && scene.PickAnywhere<ArgumentSyntax>() is { } other ? scene.Change(argument, other.ToString()) : null;

    private static CSharpCompilation? Named(EditScene scene) =>
        scene.PickNode<LiteralExpressionSyntax>() is { } literal && scene.PickAnywhere<VariableDeclaratorSyntax>(IsConstant) is { } constant ? scene.Change(literal, NameOf(constant)) : null;

    private static CSharpCompilation? Initialiser(EditScene scene)
    {
        if (scene.PickNode<VariableDeclaratorSyntax>(v => v.Parent?.Parent is FieldDeclarationSyntax) is not { } variable) return null;
        if (variable.Initializer is { } initializer) return scene.Change(initializer, "");
        string value = scene.PickAnywhere<VariableDeclaratorSyntax>(v => v.Initializer is not null)?.Initializer?.ToString() ?? "= new()";
        return scene.Change(variable.SyntaxTree, new TextChange(new TextSpan(variable.Span.End, 0), " " + value));
    }

    private static CSharpCompilation? Exchange(EditScene scene)
    {
        if (scene.PickNode<ArgumentListSyntax>(l => l.Arguments.Count > 1) is not { Arguments: var arguments } list) return null;
        return scene.Change(list.SyntaxTree, new TextChange(arguments[0].Span, arguments[1].ToString()), new TextChange(arguments[1].Span, arguments[0].ToString()));
    }

    private static bool IsConstant(VariableDeclaratorSyntax variable) => variable.Parent?.Parent is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword) && variable.Initializer is not null;

    private static string NameOf(VariableDeclaratorSyntax constant) =>
        constant.FirstAncestorOrSelf<BaseTypeDeclarationSyntax>() is { } type ? $"{type.Identifier.ValueText}.{constant.Identifier.ValueText}" : constant.Identifier.ValueText;
}
