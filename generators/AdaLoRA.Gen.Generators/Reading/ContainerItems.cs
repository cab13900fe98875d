using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>What the source says about the items of a <c>Sequential</c> or <c>ModuleList</c>.</summary>
internal sealed class ContainerItems
{
    private readonly List<(string? Name, ExpressionSyntax Value)> _known = [];
    private readonly List<ExpressionSyntax> _samples = [];

    /// <summary>Every item in order, with the name that a tuple gives it; only when <see cref="CountIsKnown"/>.</summary>
    public IReadOnlyList<(string? Name, ExpressionSyntax Value)> Known => _known;

    /// <summary>Expressions that make items of a container whose length only the run knows.</summary>
    public IReadOnlyList<ExpressionSyntax> Samples => _samples;

    public bool CountIsKnown { get; private set; } = true;

    public static ContainerItems Read(IReadOnlyList<ExpressionSyntax> origins, IReadOnlyList<ExpressionSyntax> added, ReadContext context)
    {
        var items = new ContainerItems();
        if (origins.Count != 1) items.CountIsKnown = false;
        foreach (var origin in origins) items.ReadOrigin(origin, context);
        foreach (var value in added) items.ReadAdded(value, context);
        // An empty list is filled somewhere that this does not look.
        if (items._known.Count == 0) items.CountIsKnown = false;
        if (!items.CountIsKnown) items._samples.AddRange(items._known.Select(k => k.Value));
        return items;
    }

    private void ReadOrigin(ExpressionSyntax origin, ReadContext context)
    {
        if (origin is CollectionExpressionSyntax collection)
        {
            ReadElements(collection, context);
            return;
        }
        if (Expressions.TorchSharpArguments(origin, context) is not { } arguments)
        {
            // "new ModuleList<T> { … }" has no argument list; anything else is made elsewhere.
            if (origin is BaseObjectCreationExpressionSyntax { ArgumentList: null, Initializer: { } only }) ReadAll(only.Expressions, context);
            else CountIsKnown = false;
            return;
        }
        ReadAll(arguments.Arguments.Select(a => a.Expression), context);
        if (origin is BaseObjectCreationExpressionSyntax { Initializer: { } initializer }) ReadAll(initializer.Expressions, context);
    }

    private void ReadAdded(ExpressionSyntax value, ReadContext context)
    {
        var call = value.FirstAncestorOrSelf<InvocationExpressionSyntax>(c => c.Expression is MemberAccessExpressionSyntax access
            && access.Name.Identifier.ValueText is "Add" or "append" or "extend" or "Insert" && !access.Span.Contains(value.Span));
        bool once = call?.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: "Add" or "append" }
            && call.Ancestors().TakeWhile(n => n is not ConstructorDeclarationSyntax).All(n => n is BlockSyntax or ExpressionStatementSyntax or ArrowExpressionClauseSyntax);
        if (!once) CountIsKnown = false;
        ReadAll([value], context);
    }

    private void ReadAll(IEnumerable<ExpressionSyntax> values, ReadContext context)
    {
        foreach (var value in values)
        {
            if (value is TupleExpressionSyntax { Arguments: { Count: 2 } pair }
                && context.SemanticModelOf(value.SyntaxTree).GetConstantValue(pair[0].Expression, context.Cancellation).Value is string name)
            {
                _known.Add((name, pair[1].Expression));
            }
            else if (IsModule(value, context))
            {
                _known.Add((null, value));
            }
            else
            {
                ReadElements(value, context);
            }
        }
    }

    /// <summary>An array or a sequence given where the items could stand one by one.</summary>
    private void ReadElements(ExpressionSyntax sequence, ReadContext context)
    {
        switch (sequence)
        {
            case ArrayCreationExpressionSyntax { Initializer: { } initializer }: ReadAll(initializer.Expressions, context); return;
            case ImplicitArrayCreationExpressionSyntax array: ReadAll(array.Initializer.Expressions, context); return;
            case CollectionExpressionSyntax collection:
                foreach (var element in collection.Elements)
                {
                    if (element is ExpressionElementSyntax one) ReadAll([one.Expression], context);
                    else if (element is SpreadElementSyntax spread) ReadUncounted(spread.Expression, context);
                }
                return;
            default: ReadUncounted(sequence, context); return;
        }
    }

    /// <summary><c>Enumerable.Range(0, n).Select(_ =&gt; new Block()).ToArray()</c> and its like: what the lambdas make are the items, how many is unknown.</summary>
    private void ReadUncounted(ExpressionSyntax sequence, ReadContext context)
    {
        CountIsKnown = false;
        foreach (var lambda in sequence.DescendantNodesAndSelf().OfType<LambdaExpressionSyntax>())
        {
            IEnumerable<ExpressionSyntax> results = lambda.ExpressionBody is { } body
                ? [body]
                : lambda.Block!.DescendantNodes().OfType<ReturnStatementSyntax>().Select(r => r.Expression).OfType<ExpressionSyntax>();
            _samples.AddRange(results.SelectMany(Expressions.Values).Where(value => IsModule(value, context)));
        }
    }

    private static bool IsModule(ExpressionSyntax value, ReadContext context)
    {
        var info = context.SemanticModelOf(value.SyntaxTree).GetTypeInfo(value, context.Cancellation);
        return (info.Type ?? info.ConvertedType) is { } type
            && (TorchSharpTypes.IsModule(type) || type is { TypeKind: TypeKind.Interface or TypeKind.TypeParameter, Name: not ("IEnumerable" or "IList" or "ICollection" or "IReadOnlyList") });
    }
}
