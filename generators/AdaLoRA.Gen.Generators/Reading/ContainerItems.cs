using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

internal enum ContainerKind
{
    /// <summary>Registers its items when the class that holds it does.</summary>
    List,

    /// <summary>Likewise, under keys.</summary>
    Dictionary,

    /// <summary>Shows its items at any time.</summary>
    Sequential,
}

/// <summary>What the source says about the items of a <c>Sequential</c>, <c>ModuleList</c> or <c>ModuleDict</c>.</summary>
internal sealed class ContainerItems
{
    private readonly ContainerKind _kind;
    private readonly ReadContext _context;
    private readonly List<(string? Name, ExpressionSyntax Value)> _known = [];
    private readonly List<ExpressionSyntax> _samples = [];

    private ContainerItems(ContainerKind kind, ReadContext context) => (_kind, _context) = (kind, context);

    /// <summary>Every item in order, with the name that a tuple gives it; only when <see cref="CountIsKnown"/>.</summary>
    public IReadOnlyList<(string? Name, ExpressionSyntax Value)> Known => _known;

    /// <summary>Expressions that make items of a container whose length only the run knows.</summary>
    public IReadOnlyList<ExpressionSyntax> Samples => _samples;

    public bool CountIsKnown { get; private set; } = true;

    /// <summary>There may be items that no expression here makes.</summary>
    public bool MayHoldOthers { get; private set; }

    public static ContainerItems Read(ContainerKind kind, IReadOnlyList<ExpressionSyntax> origins, IEnumerable<Addition> added, bool isHandedOver, ReadContext context)
    {
        var items = new ContainerItems(kind, context);
        if (origins.Count != 1) items.CountIsKnown = false;
        foreach (var origin in origins) items.ReadOrigin(origin);
        foreach (var addition in added)
            if (!addition.IsLate || kind == ContainerKind.Sequential) items.ReadAddition(addition.Method, addition.Arguments, addition.IsCertain);
        if (isHandedOver) items.MayHoldOthers = true;
        // An empty container is filled somewhere that this does not look.
        if (items._known.Count == 0 || items.MayHoldOthers) items.CountIsKnown = false;
        if (!items.CountIsKnown) items._samples.AddRange(items._known.Select(k => k.Value));
        return items;
    }

    private void ReadOrigin(ExpressionSyntax origin)
    {
        if (origin is CollectionExpressionSyntax collection)
        {
            ReadElements(collection);
            return;
        }
        // "Sequential(…).append(…)": what it is called on comes first.
        if (origin is InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.ValueText: "append" } access } call && Expressions.TorchSharpArguments(origin, _context) is not null)
        {
            ReadOrigin(access.Expression);
            ReadAddition("append", [.. call.ArgumentList.Arguments.Select(a => a.Expression)], isCertain: true);
            return;
        }
        if (Expressions.TorchSharpArguments(origin, _context) is { } arguments && Expressions.MakesContainer(origin, _context))
        {
            ReadAll(arguments.Arguments.Select(a => a.Expression));
            if (origin is BaseObjectCreationExpressionSyntax { Initializer: { } initializer }) ReadAll(initializer.Expressions);
        }
        else if (origin is BaseObjectCreationExpressionSyntax { ArgumentList: null, Initializer: { } only })
        {
            ReadAll(only.Expressions);
        }
        else
        {
            (CountIsKnown, MayHoldOthers) = (false, true);
        }
    }

    private void ReadAddition(string method, IReadOnlyList<ExpressionSyntax> arguments, bool isCertain)
    {
        switch (method)
        {
            case "Add" when _kind == ContainerKind.Dictionary && arguments.Count == 2:
            case "append" when _kind == ContainerKind.Sequential && arguments.Count == 2:
                ReadNamed(arguments[0], arguments[1]);
                break;
            case "Add" or "append":
                ReadAll(arguments);
                break;
            case "extend" when arguments.Count == 1:
                ReadElements(arguments[0]);
                break;
            default:
                isCertain = false;
                ReadAll(arguments.Skip(method == "Insert" ? 1 : 0));
                break;
        }
        if (!isCertain) CountIsKnown = false;
    }

    private void ReadAll(IEnumerable<ExpressionSyntax> values)
    {
        foreach (var value in values)
        {
            if (value is TupleExpressionSyntax { Arguments: { Count: 2 } pair }) ReadNamed(pair[0].Expression, pair[1].Expression);
            else if (value is InitializerExpressionSyntax { RawKind: (int)SyntaxKind.ComplexElementInitializerExpression, Expressions: { Count: 2 } entry }) ReadNamed(entry[0], entry[1]);
            else if (IsModule(value)) _known.Add((null, value));
            else ReadElements(value);
        }
    }

    private void ReadNamed(ExpressionSyntax name, ExpressionSyntax value)
    {
        if (_context.SemanticModelOf(name.SyntaxTree).GetConstantValue(name, _context.Cancellation).Value is string constant)
        {
            _context.VisitNames(name);
            _known.Add((constant, value));
            return;
        }
        CountIsKnown = false;
        _samples.Add(value);
    }

    /// <summary>An array or a sequence given where the items could stand one by one.</summary>
    private void ReadElements(ExpressionSyntax sequence)
    {
        switch (sequence)
        {
            case ParenthesizedExpressionSyntax inner: ReadElements(inner.Expression); return;
            case CastExpressionSyntax cast: ReadElements(cast.Expression); return;
            case ArrayCreationExpressionSyntax { Initializer: { } initializer }: ReadAll(initializer.Expressions); return;
            case ImplicitArrayCreationExpressionSyntax array: ReadAll(array.Initializer.Expressions); return;
            case CollectionExpressionSyntax collection:
                foreach (var element in collection.Elements)
                {
                    if (element is ExpressionElementSyntax one) ReadAll([one.Expression]);
                    else if (element is SpreadElementSyntax spread) ReadUncounted(spread.Expression);
                }
                return;
            default: ReadUncounted(sequence); return;
        }
    }

    /// <summary><c>Enumerable.Range(0, n).Select(_ =&gt; new Block()).ToArray()</c> and its like: what the lambdas make are the items, how many is unknown.</summary>
    private void ReadUncounted(ExpressionSyntax sequence)
    {
        CountIsKnown = false;
        int before = _samples.Count;
        foreach (var node in sequence.DescendantNodesAndSelf())
        {
            IEnumerable<ExpressionSyntax> results = node switch
            {
                LambdaExpressionSyntax { ExpressionBody: { } body } => [body],
                LambdaExpressionSyntax { Block: { } block } => block.DescendantNodes().OfType<ReturnStatementSyntax>().Select(r => r.Expression).OfType<ExpressionSyntax>(),
                SelectClauseSyntax select => [select.Expression],
                _ => [],
            };
            _samples.AddRange(results.SelectMany(Expressions.Values).Where(IsModule));
        }
        if (_samples.Count == before) MayHoldOthers = true;
    }

    private bool IsModule(ExpressionSyntax value)
    {
        var info = _context.SemanticModelOf(value.SyntaxTree).GetTypeInfo(value, _context.Cancellation);
        return (info.Type ?? info.ConvertedType) is { } type && (TorchSharpTypes.IsModule(type) || type.TypeKind == TypeKind.TypeParameter || (type.TypeKind == TypeKind.Interface && !IsSequence(type)));
    }

    private static bool IsSequence(ITypeSymbol type) => type.SpecialType == SpecialType.System_Collections_IEnumerable || type.AllInterfaces.Any(i => i.SpecialType == SpecialType.System_Collections_IEnumerable);
}
