using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Diagnostics.Registration;

/// <summary>What the code of a class puts into a member or local, and whether what it holds may reach something that is registered.</summary>
internal sealed class MemberFlow
{
    private static readonly string[] Registering = ["ModuleList", "ModuleDict", "Sequential", "append", "extend", "Add", "Insert"];

    private readonly ISymbol _symbol;
    private readonly ModuleClass _read;

    private MemberFlow(ISymbol symbol, ModuleClass read)
    {
        _symbol = symbol;
        _read = read;
    }

    /// <summary>Values that it is given: whole ones, and those that are added to it.</summary>
    public List<ExpressionSyntax> Values { get; } = [];

    /// <summary>How often it, or something out of it, goes where it may be registered.</summary>
    private int EscapeCount { get; set; }

    public bool Escapes => EscapeCount > 0;

    public static MemberFlow Of(ISymbol member, ModuleClass read)
    {
        var flow = new MemberFlow(member, read);
        foreach (var declaration in read.Chain.SelectMany(read.Declarations)) flow.Follow(declaration);
        if (member.DeclaredAccessibility != Accessibility.Private) flow.FollowOutside();
        return flow;
    }

    /// <summary>The value is made for this alone, if need be by way of a local that nothing else has.</summary>
    public static bool IsOnlyHere(ExpressionSyntax value, ModuleClass read, bool followCalls = true)
    {
        if (Creations.IsCreation(value, read) || Creations.FillsCollection(value, read, followCalls)) return true;
        if (LocalIn(value) is not { } name || read.SymbolOf(name) is not ILocalSymbol local || name.FirstAncestorOrSelf<BaseMethodDeclarationSyntax>() is not { } method) return false;
        var flow = new MemberFlow(local, read);
        flow.Follow(method);
        if (local.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax(read.Context.Cancellation) is VariableDeclaratorSyntax { Initializer.Value: { } first }) flow.Values.Add(first);
        return flow.EscapeCount == 1 && flow.Values.Exists(v => v != value && (Creations.IsCreation(v, read) || Creations.FillsCollection(v, read, followCalls)));
    }

    /// <summary>Of <c>local</c>, <c>local.ToArray()</c> and <c>[.. local]</c> the local.</summary>
    private static IdentifierNameSyntax? LocalIn(ExpressionSyntax value) => value switch
    {
        IdentifierNameSyntax name => name,
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "ToArray" or "ToList" } access } => LocalIn(access.Expression),
        CollectionExpressionSyntax { Elements: [SpreadElementSyntax spread] } => LocalIn(spread.Expression),
        _ => null,
    };

    /// <summary>A member that others see may be registered by others.</summary>
    private void FollowOutside()
    {
        var own = new HashSet<SyntaxNode>(_read.Chain.SelectMany(_read.Declarations));
        foreach (var tree in _read.Context.Compilation.SyntaxTrees)
        {
            foreach (var name in tree.GetRoot(_read.Context.Cancellation).DescendantNodes(n => !own.Contains(n)).OfType<IdentifierNameSyntax>())
                if (name.Identifier.ValueText == _symbol.Name && Names(name)) Follow(name);
        }
    }

    private void Follow(SyntaxNode code)
    {
        if (code is TypeDeclarationSyntax && _symbol.DeclaringSyntaxReferences.FirstOrDefault(r => code.Span.Contains(r.Span) && r.SyntaxTree == code.SyntaxTree)?.GetSyntax(_read.Context.Cancellation) is { } declared)
        {
            if (declared is VariableDeclaratorSyntax { Initializer.Value: { } value }) Values.Add(value);
            if (declared is PropertyDeclarationSyntax { Initializer.Value: { } initial }) Values.Add(initial);
        }
        foreach (var name in code.DescendantNodes().OfType<IdentifierNameSyntax>())
            if (name.Identifier.ValueText == _symbol.Name && Names(name)) Follow(name);
    }

    private bool Names(IdentifierNameSyntax name) => SymbolEqualityComparer.Default.Equals(_read.SymbolOf(name)?.OriginalDefinition, _symbol.OriginalDefinition);

    private void Follow(IdentifierNameSyntax name)
    {
        ExpressionSyntax node = name;
        while (true)
        {
            switch (node.Parent)
            {
                case MemberAccessExpressionSyntax qualified when qualified.Name == node:
                    node = qualified;
                    continue;
                case PostfixUnaryExpressionSyntax or ParenthesizedExpressionSyntax or CastExpressionSyntax or AwaitExpressionSyntax:
                    node = (ExpressionSyntax)node.Parent;
                    continue;
                case AssignmentExpressionSyntax assignment when assignment.Left == node:
                    Values.Add(assignment.Right);
                    if (assignment.Parent is ExpressionStatementSyntax or ArrowExpressionClauseSyntax) return;
                    node = assignment;
                    continue;
                case ElementAccessExpressionSyntax element when element.Expression == node:
                    node = element;
                    continue;
                case MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } access when Creations.IsAdding(access.Name.Identifier.ValueText):
                    Values.AddRange(call.ArgumentList.Arguments.Select(a => a.Expression));
                    return;
                case MemberAccessExpressionSyntax access:
                    node = access.Parent is InvocationExpressionSyntax invoked ? invoked : access;
                    if (_read.TypeOf(node) is { } type && !ModuleClass.HoldsModule(type) && !HeldTypes.Holds(type) && type.TypeKind is not (TypeKind.Error or TypeKind.TypeParameter)) return;
                    continue;
                case ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax { Right: TupleExpressionSyntax right } assignment } left } argument when assignment.Left == left:
                    if (left.Arguments.IndexOf(argument) is var i && i < right.Arguments.Count) Values.Add(right.Arguments[i].Expression);
                    return;
                case ForEachStatementSyntax loop when loop.Expression == node:
                    if (ModuleClass.Mentions(loop.Statement, Registering) || loop.Statement.DescendantNodes().OfType<AssignmentExpressionSyntax>().Any(a => a.Right.ToString() == loop.Identifier.ValueText)) EscapeCount++;
                    return;
                case ExpressionStatementSyntax or BinaryExpressionSyntax or IsPatternExpressionSyntax or ConditionalAccessExpressionSyntax:
                    return;
                default:
                    if (MayRegister(node)) EscapeCount++;
                    return;
            }
        }
    }

    /// <summary>Constructors and initialisers are taken to register whatever leaves the member; other code only where it speaks of containers.</summary>
    private static bool MayRegister(SyntaxNode node) => node.FirstAncestorOrSelf<MemberDeclarationSyntax>() switch
    {
        MethodDeclarationSyntax or PropertyDeclarationSyntax { Initializer: null } or IndexerDeclarationSyntax => ModuleClass.Mentions(node.FirstAncestorOrSelf<MemberDeclarationSyntax>()!, Registering),
        _ => true,
    };
}
