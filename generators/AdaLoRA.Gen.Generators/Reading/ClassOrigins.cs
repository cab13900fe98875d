using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Where the members of one class get their first value: initialisers and assignments in constructors, and what constructors add to lists.</summary>
internal sealed class ClassOrigins
{
    private static readonly string[] ListAdders = ["Add", "append", "extend", "Insert"];

    private readonly Dictionary<string, List<ExpressionSyntax>> _assigned = [];
    private readonly Dictionary<string, List<ExpressionSyntax>> _added = [];

    /// <summary><c>RegisterComponents</c> is overridden: the class registers what it likes.</summary>
    public bool OverridesRegistration { get; private set; }

    /// <summary><c>register_module</c> or <c>add_module</c> is called: there are modules that no member shows.</summary>
    public bool RegistersByHand { get; private set; }

    public IReadOnlyList<ExpressionSyntax> AssignedTo(string member) => _assigned.TryGetValue(member, out var values) ? values : [];

    public IReadOnlyList<ExpressionSyntax> AddedTo(string member) => _added.TryGetValue(member, out var values) ? values : [];

    public static ClassOrigins Read(INamedTypeSymbol type, ReadContext context)
    {
        var origins = new ClassOrigins();
        foreach (var reference in type.DeclaringSyntaxReferences)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Visited.Add(reference.SyntaxTree);
            if (reference.GetSyntax(context.Cancellation) is TypeDeclarationSyntax declaration) origins.ReadPart(declaration);
        }
        return origins;
    }

    private void ReadPart(TypeDeclarationSyntax declaration)
    {
        foreach (var member in declaration.Members)
        {
            switch (member)
            {
                case FieldDeclarationSyntax field:
                    foreach (var variable in field.Declaration.Variables)
                        if (variable.Initializer is { } initializer) Assign(variable.Identifier.ValueText, initializer.Value);
                    break;
                case PropertyDeclarationSyntax { Initializer: { } initializer } property:
                    Assign(property.Identifier.ValueText, initializer.Value);
                    break;
                case ConstructorDeclarationSyntax constructor when !constructor.Modifiers.Any(SyntaxKind.StaticKeyword):
                    ReadBody(constructor);
                    break;
                case MethodDeclarationSyntax { Identifier.ValueText: "RegisterComponents" } method when method.Modifiers.Any(SyntaxKind.OverrideKeyword):
                    OverridesRegistration = true;
                    break;
                case MethodDeclarationSyntax method:
                    FindRegistrations(method);
                    break;
                default:
                    break;
            }
        }
    }

    private void ReadBody(ConstructorDeclarationSyntax constructor)
    {
        FindRegistrations(constructor);
        foreach (var node in constructor.DescendantNodes())
        {
            if (node is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression or (int)SyntaxKind.CoalesceAssignmentExpression } assignment)
            {
                ReadAssignment(assignment.Left, assignment.Right);
            }
            else if (node is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: var method } access } call
                && Array.IndexOf(ListAdders, method) >= 0 && MemberName(access.Expression) is { } list)
            {
                foreach (var argument in call.ArgumentList.Arguments) Add(_added, list, argument.Expression);
            }
        }
    }

    private void ReadAssignment(ExpressionSyntax left, ExpressionSyntax right)
    {
        if (left is TupleExpressionSyntax names && right is TupleExpressionSyntax values && names.Arguments.Count == values.Arguments.Count)
        {
            for (int i = 0; i < names.Arguments.Count; i++) ReadAssignment(names.Arguments[i].Expression, values.Arguments[i].Expression);
        }
        else if (MemberName(left) is { } member)
        {
            Assign(member, right);
        }
    }

    private void FindRegistrations(SyntaxNode body) => RegistersByHand |= body.DescendantNodes().OfType<InvocationExpressionSyntax>().Any(call =>
        call.Expression is IdentifierNameSyntax { Identifier.ValueText: "register_module" or "add_module" }
            or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name.Identifier.ValueText: "register_module" or "add_module" });

    private void Assign(string member, ExpressionSyntax value) => Add(_assigned, member, value);

    private static void Add(Dictionary<string, List<ExpressionSyntax>> table, string member, ExpressionSyntax value)
    {
        if (!table.TryGetValue(member, out var values)) table.Add(member, values = []);
        values.Add(value);
    }

    private static string? MemberName(ExpressionSyntax expression) => expression switch
    {
        IdentifierNameSyntax name => name.Identifier.ValueText,
        MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax or BaseExpressionSyntax, Name: IdentifierNameSyntax name } => name.Identifier.ValueText,
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } suppressed => MemberName(suppressed.Operand),
        _ => null,
    };
}
