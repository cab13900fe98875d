using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Reads the body of a constructor, or of a method, into the <see cref="ClassOrigins"/> of its class.</summary>
/// <param name="origins">Receives what is found.</param>
/// <param name="body">Constructor or method.</param>
/// <param name="constructor">The constructor; null for a method, of which nothing is certain.</param>
/// <param name="registered">Position from which the class has registered what it holds.</param>
/// <param name="context">The compilation.</param>
internal sealed class BodyReader(ClassOrigins origins, BaseMethodDeclarationSyntax body, ConstructorDeclarationSyntax? constructor, int registered, ReadContext context)
{
    private static readonly string[] Changers = ["Add", "append", "extend", "Insert", "Clear", "clear", "Remove", "RemoveAt"];

    private readonly HashSet<string> _locals = LocalsOf(body);

    /// <summary>The body does not run while the class is constructed, as far as one can see: only that it changes containers is of interest.</summary>
    public bool OnlyAdditions { get; init; }

    public void Read()
    {
        foreach (var node in body.DescendantNodes())
        {
            switch (node)
            {
                case AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression or (int)SyntaxKind.CoalesceAssignmentExpression } assignment:
                    ReadAssignment(assignment.Left, assignment.Right, assignment);
                    break;
                case InvocationExpressionSyntax call when IsRegistration(call):
                    origins.FindCall();
                    break;
                case InvocationExpressionSyntax call when IsHandRegistration(call):
                    ReadRegistration(call);
                    break;
                case InvocationExpressionSyntax call:
                    ReadCall(call);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The name in <c>x</c>, <c>this.x</c> and <c>x!</c>.</summary>
    public static string? MemberName(ExpressionSyntax expression) => expression switch
    {
        IdentifierNameSyntax name => name.Identifier.ValueText,
        MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name: IdentifierNameSyntax name } => name.Identifier.ValueText,
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed => MemberName(suppressed.Operand),
        _ => null,
    };

    private void ReadAssignment(ExpressionSyntax left, ExpressionSyntax right, SyntaxNode place)
    {
        if (left is TupleExpressionSyntax names && right is TupleExpressionSyntax values && names.Arguments.Count == values.Arguments.Count)
        {
            for (int i = 0; i < names.Arguments.Count; i++) ReadAssignment(names.Arguments[i].Expression, values.Arguments[i].Expression, place);
        }
        else if (left is ElementAccessExpressionSyntax element && KeyOf(element.Expression) is { } container)
        {
            origins.Add(container, new Addition("[]", [right], place.SpanStart, IsCertain: false, IsLate(place)));
        }
        else if (!OnlyAdditions && KeyOf(left) is { } member && !member.StartsWith(ClassOrigins.Local(""), StringComparison.Ordinal))
        {
            origins.Assign(member, new MemberValue(right, constructor, IsCertain(place), IsLate(place)));
        }
    }

    private void ReadCall(InvocationExpressionSyntax call)
    {
        if (call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: var method } access && Array.IndexOf(Changers, method) >= 0)
        {
            var start = access.Expression;
            while (start is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var earlier } inner } && Array.IndexOf(Changers, earlier) >= 0) start = inner.Expression;
            if (KeyOf(start) is { } container)
                origins.Add(container, new Addition(method, [.. call.ArgumentList.Arguments.Select(a => a.Expression)], call.ArgumentList.SpanStart, IsCertain(call), IsLate(call)));
        }
        if (OnlyAdditions) return;
        foreach (var argument in call.ArgumentList.Arguments)
            if (KeyOf(argument.Expression) is { } handed) origins.HandOver(handed, call);
    }

    private void ReadRegistration(InvocationExpressionSyntax call)
    {
        var arguments = call.ArgumentList.Arguments;
        bool isReadable = constructor is not null && arguments.Count == 2 && arguments.All(a => a.NameColon is null) && !call.Ancestors().TakeWhile(n => n != body).Any(IsLoop)
            && !arguments[1].Expression.IsKind(SyntaxKind.NullLiteralExpression);
        string? name = isReadable ? context.SemanticModelOf(call.SyntaxTree).GetConstantValue(arguments[0].Expression, context.Cancellation).Value as string : null;
        if (name is not null) context.VisitNames(arguments[0].Expression);
        origins.Register(name is null ? null : new HandRegistration(name, arguments[1].Expression, IsCertain(call)));
    }

    /// <summary>On the object itself, or on one that a static method makes: <c>var model = new Model(); model.RegisterComponents();</c>.</summary>
    private static bool IsRegistration(InvocationExpressionSyntax call) =>
        RegistrationOrder.IsCall(call) || call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: RegistrationOrder.Method };

    private static bool IsHandRegistration(InvocationExpressionSyntax call) =>
        call.Expression is IdentifierNameSyntax { Identifier.ValueText: "register_module" or "add_module" }
            or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name.Identifier.ValueText: "register_module" or "add_module" };

    private static bool IsLoop(SyntaxNode node) => node is ForStatementSyntax or CommonForEachStatementSyntax or WhileStatementSyntax or DoStatementSyntax or AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax;

    /// <summary>Whether every run of the constructor comes by, once.</summary>
    private bool IsCertain(SyntaxNode place) => constructor is not null && place.Ancestors().TakeWhile(n => n != body).All(n =>
        n is BlockSyntax or ExpressionStatementSyntax or ArrowExpressionClauseSyntax or AssignmentExpressionSyntax or InvocationExpressionSyntax or MemberAccessExpressionSyntax or UsingStatementSyntax
        or EqualsValueClauseSyntax or VariableDeclaratorSyntax or VariableDeclarationSyntax or LocalDeclarationStatementSyntax);

    private bool IsLate(SyntaxNode place) => place.SpanStart > registered;

    /// <summary>The member, or the local variable with a mark, that an expression names.</summary>
    private string? KeyOf(ExpressionSyntax expression) =>
        MemberName(expression) is not { } name ? null : expression is IdentifierNameSyntax && _locals.Contains(name) ? ClassOrigins.Local(name) : name;

    private static HashSet<string> LocalsOf(BaseMethodDeclarationSyntax body)
    {
        var names = new HashSet<string>(body.ParameterList.Parameters.Select(p => p.Identifier.ValueText));
        foreach (var node in body.DescendantNodes())
        {
            if (node is VariableDeclaratorSyntax variable) names.Add(variable.Identifier.ValueText);
            else if (node is SingleVariableDesignationSyntax designation) names.Add(designation.Identifier.ValueText);
            else if (node is ForEachStatementSyntax each) names.Add(each.Identifier.ValueText);
        }
        return names;
    }
}
