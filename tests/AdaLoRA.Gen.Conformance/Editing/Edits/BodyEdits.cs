using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace AdaLoRA.Gen.Conformance.Editing.Edits;

/// <summary>Statements of bodies, constructors' above all.</summary>
internal static class BodyEdits
{
    private static readonly string[] Statements =
    [
        "RegisterComponents();", "register_module(\"late\", Linear(2, 2));", "int added = 1;", "return;", "{ }", "if (added > 0) { }", "System.Console.WriteLine();", "this.missing = new Linear();", "while (true) ;",
    ];

    public static IReadOnlyList<EditKind> All { get; } =
    [
        new("a statement taken out", scene => Pick(scene) is { } statement ? scene.Change(statement, "") : null),
        new("a statement put in", PutIn),
        new("a statement from elsewhere", FromElsewhere),
        new("statements exchanged", Exchange),
        new("another expression of a body", Expression),
        new("a body as an expression, or back", Arrow),
    ];

    private static StatementSyntax? Pick(EditScene scene) => scene.PickNode<StatementSyntax>(s => s is not BlockSyntax && s.Parent is BlockSyntax);

    private static CSharpCompilation? PutIn(EditScene scene)
    {
        if (scene.PickNode<BlockSyntax>() is not { } block) return null;
        int at = scene.Random.OneIn(2) ? block.OpenBraceToken.Span.End : block.CloseBraceToken.SpanStart;
        return scene.Change(block.SyntaxTree, new TextChange(new TextSpan(at, 0), " " + scene.Random.Pick(Statements) + " "));
    }

    private static CSharpCompilation? FromElsewhere(EditScene scene) =>
        scene.PickNode<BlockSyntax>() is { } block && scene.PickAnywhere<StatementSyntax>(s => s is not BlockSyntax) is { } statement
            ? scene.Change(block.SyntaxTree, new TextChange(new TextSpan(block.CloseBraceToken.SpanStart, 0), statement + "\n"))
            : null;

    private static CSharpCompilation? Exchange(EditScene scene)
    {
        if (scene.PickNode<BlockSyntax>(b => b.Statements.Count > 1) is not { Statements: var statements } block) return null;
        int at = scene.Random.Below(statements.Count - 1);
        return scene.Change(block.SyntaxTree, new TextChange(statements[at].Span, statements[at + 1].ToString()), new TextChange(statements[at + 1].Span, statements[at].ToString()));
    }

    private static CSharpCompilation? Expression(EditScene scene) =>
        scene.PickNode<ExpressionSyntax>(e => e.FirstAncestorOrSelf<BaseMethodDeclarationSyntax>() is not null) is { } expression && scene.PickAnywhere<InvocationExpressionSyntax>() is { } other
            ? scene.Change(expression, other.ToString())
            : null;

    private static CSharpCompilation? Arrow(EditScene scene)
    {
        if (scene.PickNode<BaseMethodDeclarationSyntax>() is not { } method) return null;
        if (method.ExpressionBody is { } arrow) return scene.Change(method.SyntaxTree, new TextChange(TextSpan.FromBounds(arrow.SpanStart, method.Span.End), $"{{ {arrow.Expression}; }}"));
        return method.Body is { Statements: [ExpressionStatementSyntax only] } body ? scene.Change(body, $"=> {only.Expression};") : null;
    }
}
