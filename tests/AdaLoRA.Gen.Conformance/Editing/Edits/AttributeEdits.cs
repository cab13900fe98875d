using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>What the attributes state.</summary>
internal static class AttributeEdits
{
    private static readonly string[] Arguments =
    [
        "Budget = 4", "Budget = 0", "Budget = 2000", "InitialRank = 2", "InitialRank = 64", "Targets = [\"*\"]", "Targets = [\"*.q\", \"*.{a,b}\"]", "Trainable = [\"*\"]", "InitialWarmup = 0.6", "FinalWarmup = 0.6",
        "Interval = 0", "Beta1 = 1.5", "CheckpointRoot = \"encoder\"", "RankLimits = [\"*: 1..2\"]", "Rank = 3", "Method = AdapterMethod.LoRA", "BudgetUnit = BudgetUnit.Parameters",
    ];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("another pattern", Pattern),
        new("an argument of the attribute taken off", TakeOff),
        new("an argument of the attribute added", Add),
        new("the other attribute", OtherAttribute),
        new("an attribute taken off or put on", Toggle),
    ];

    private static CSharpCompilation? Pattern(EditScene scene)
    {
        var literal = scene.PickAnywhere<LiteralExpressionSyntax>(l => l.IsKind(SyntaxKind.StringLiteralExpression) && l.FirstAncestorOrSelf<AttributeSyntax>() is not null);
        if (literal is null) return null;
        string old = literal.Token.ValueText;
        string text = scene.Random.Below(6) switch
        {
            0 => "*",
            1 => "*." + old,
            2 => old.Length > 0 ? old.Remove(scene.Random.Below(old.Length), 1) : "x",
            3 => scene.PickAnywhere<VariableDeclaratorSyntax>(v => v.Parent?.Parent is FieldDeclarationSyntax)?.Identifier.ValueText ?? "x",
            4 => "{" + old + "," + (scene.PickAnywhere<VariableDeclaratorSyntax>()?.Identifier.ValueText ?? "x") + "}",
            _ => scene.PickAnywhere<LiteralExpressionSyntax>(l => l.IsKind(SyntaxKind.StringLiteralExpression))!.Token.ValueText,
        };
        return scene.Change(literal, SymbolDisplay.FormatLiteral(text, quote: true));
    }

    private static CSharpCompilation? TakeOff(EditScene scene)
    {
        if (scene.PickAnywhere<AttributeArgumentSyntax>() is not { Parent: AttributeArgumentListSyntax list } argument) return null;
        var others = list.Arguments.Where(a => a != argument).Select(a => a.ToString());
        return scene.Change(list, "(" + string.Join(", ", others) + ")");
    }

    private static CSharpCompilation? Add(EditScene scene)
    {
        if (Annotation(scene) is not { } attribute) return null;
        string argument = scene.Random.Pick(Arguments);
        string name = argument[..argument.IndexOf(' ', StringComparison.Ordinal)];
        var others = (attribute.ArgumentList?.Arguments ?? default).Where(a => a.NameEquals?.Name.Identifier.ValueText != name).Select(a => a.ToString());
        return scene.Change(attribute, attribute.Name + "(" + string.Join(", ", others.Append(argument)) + ")");
    }

    private static CSharpCompilation? OtherAttribute(EditScene scene) =>
        Annotation(scene) is { } attribute ? scene.Change(attribute.Name, attribute.Name.ToString() == "LoRA" ? "AdaLoRA" : "LoRA") : null;

    private static CSharpCompilation? Toggle(EditScene scene)
    {
        if (scene.Random.OneIn(2) && scene.PickAnywhere<AttributeListSyntax>() is { } list) return scene.Change(list, "");
        return scene.PickNode<ClassDeclarationSyntax>() is { } type
            ? scene.Change(type.SyntaxTree, new TextChange(new TextSpan(type.SpanStart, 0), Annotation(scene) is { } other ? $"[{other}] " : "[AdaLoRA(Budget = 2, Targets = [\"*\"])] "))
            : null;
    }

    private static AttributeSyntax? Annotation(EditScene scene) => scene.PickAnywhere<AttributeSyntax>(a => a.Name.ToString() is "AdaLoRA" or "LoRA" or "AdaLoRA.Gen.AdaLoRA");
}
