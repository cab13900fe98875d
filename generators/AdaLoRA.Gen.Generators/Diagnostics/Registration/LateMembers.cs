using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>ADALORA025 and ADALORA030: what a constructor assigns, or adds to a list, when everything is registered already.</summary>
internal static class LateMembers
{
    private const string Move = "move the call to the end of the constructor";

    public static void Check(ModuleClass read, RegistrationScope scope, Action<Diagnostic> report)
    {
        if (read.RegistersByHand || scope.IsExtendedByOverride(read.Symbol)) return;
        var flow = new ConstructorFlow(read);
        foreach (var constructor in read.Constructors())
        {
            if (read.Context.SemanticModelOf(constructor.SyntaxTree).GetDeclaredSymbol(constructor, read.Context.Cancellation) is not IMethodSymbol symbol) continue;
            var before = flow.Called(symbol) is { } called ? flow.RegisteringConstructor(called) : null;
            bool isRegistered = before is not null;
            var lost = new HashSet<ISymbol>(SymbolEqualityComparer.Default);
            foreach (var step in ConstructorFlow.Steps(constructor))
            {
                if (isRegistered) CheckStep(step, before, read, lost, report);
                isRegistered |= flow.Registers(step);
            }
        }
    }

    private static void CheckStep(SyntaxNode step, IMethodSymbol? before, ModuleClass read, HashSet<ISymbol> lost, Action<Diagnostic> report)
    {
        foreach (var node in step.DescendantNodesAndSelf(n => n is not (AnonymousFunctionExpressionSyntax or LocalFunctionStatementSyntax)))
        {
            if (node is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression or (int)SyntaxKind.CoalesceAssignmentExpression } assignment)
            {
                foreach (var (left, right) in Pairs(assignment.Left, assignment.Right))
                    if (read.OwnMember(left) is { } member && MemberType(member) is { } type && ModuleClass.HoldsModule(type) && Creations.IsCreation(right, read) && !MemberFlow.Of(member, read).Escapes && lost.Add(member)) ReportAssignment(left, member);
            }
            else if (node is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Add" or "append" or "extend" or "Insert" } access } call
                && read.OwnMember(access.Expression) is { } list && !lost.Contains(list) && IsRegisteredAsAWhole(MemberType(list))
                && call.ArgumentList.Arguments.Any(a => Creations.IsCreation(a.Expression, read) || Creations.FillsCollection(a.Expression, read)))
            {
                report(Diagnostic.Create(Rules.RegistrationMissed, access.GetLocation(), $"'{list.Name}' gets an item when RegisterComponents() has been called, so the item is never registered", Move));
            }
        }

        void ReportAssignment(ExpressionSyntax left, ISymbol member)
        {
            if (before is not null && !SymbolEqualityComparer.Default.Equals(before.ContainingType, read.Symbol))
                report(Diagnostic.Create(Rules.LostToBaseConstructor, left.GetLocation(), member.Name, before.ContainingType.Name));
            else
                report(Diagnostic.Create(Rules.RegistrationMissed, left.GetLocation(), $"'{member.Name}' is assigned when RegisterComponents() has been called, so it is never registered", Move));
        }
    }

    /// <summary>A ModuleList or ModuleDict registers its items when it is registered; a Sequential does at once.</summary>
    private static bool IsRegisteredAsAWhole(ITypeSymbol? type) => type is not null && TorchSharpTypes.IsOpaqueContainer(type) && !IsSequential(type);

    private static bool IsSequential(ITypeSymbol type)
    {
        for (ITypeSymbol? t = type; t is not null; t = t.BaseType)
            if (TorchSharpTypes.IsSequential(t)) return true;
        return false;
    }

    private static ITypeSymbol? MemberType(ISymbol member) => (member as IFieldSymbol)?.Type ?? (member as IPropertySymbol)?.Type;

    private static IEnumerable<(ExpressionSyntax Left, ExpressionSyntax Right)> Pairs(ExpressionSyntax left, ExpressionSyntax right) =>
        left is TupleExpressionSyntax names && right is TupleExpressionSyntax values && names.Arguments.Count == values.Arguments.Count
            ? names.Arguments.Zip(values.Arguments, (n, v) => Pairs(n.Expression, v.Expression)).SelectMany(p => p)
            : [(left, right)];
}
