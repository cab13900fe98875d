using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>A member that a layer comes from.</summary>
/// <param name="Member">Field, property or captured parameter.</param>
/// <param name="IsItem">The layer is an item of what the member holds.</param>
internal readonly record struct LayerSource(ISymbol Member, bool IsItem);

/// <summary>Says which members an expression's layer comes from, through what is plain to see: conversions, indices, locals set once, loops, lambdas over a list, tuples.</summary>
internal static class LayerUse
{
    /// <summary>Broken code may define a local by itself.</summary>
    private const int MostSteps = 16;

    private static readonly string[] ItemGetters = ["First", "FirstOrDefault", "Last", "LastOrDefault", "Single", "SingleOrDefault", "ElementAt", "ElementAtOrDefault"];
    private static readonly string[] SameItems = ["Where", "Skip", "Take", "SkipWhile", "TakeWhile", "SkipLast", "TakeLast", "Reverse", "OrderBy", "AsEnumerable", "ToList", "ToArray", "Cast", "OfType", "Concat"];

    /// <summary>A name of a layer's own, TorchSharp's or this library's.</summary>
    public static bool IsOfALayer(ISymbol symbol) => TorchSharpTypes.IsFromTorchSharp(symbol) || AdaptableLayers.IsOwn(symbol.ContainingType);

    public static IEnumerable<LayerSource> SourcesOf(IOperation? layer) => SourcesOf(layer, MostSteps);

    /// <summary>How a message calls the expression: by the local or parameter that stands there, else by the member.</summary>
    public static string NameOf(IOperation? layer, ISymbol member) => layer switch
    {
        ILocalReferenceOperation local => local.Local.Name,
        IParameterReferenceOperation parameter => parameter.Parameter.Name,
        IConversionOperation conversion => NameOf(conversion.Operand, member),
        _ => member.Name,
    };

    private static IEnumerable<LayerSource> SourcesOf(IOperation? layer, int steps) => steps == 0 ? [] : layer switch
    {
        IFieldReferenceOperation { Field.ContainingType.IsTupleType: true } element => SourcesOf(TupleElement(element, steps), steps - 1),
        IFieldReferenceOperation field => [new LayerSource(field.Field, false)],
        IPropertyReferenceOperation { Arguments.Length: > 0 } item => Items(item.Instance, steps - 1),
        IPropertyReferenceOperation property => [new LayerSource(property.Property, false)],
        IImplicitIndexerReferenceOperation item => Items(item.Instance, steps - 1),
        IInvocationOperation call when IsLinq(call) && Array.IndexOf(ItemGetters, call.TargetMethod.Name) >= 0 => Items(call.Arguments[0].Value, steps - 1),
        IParameterReferenceOperation { Parameter.ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.LambdaMethod } } parameter => Items(SequenceOf(parameter), steps - 1),
        IParameterReferenceOperation parameter => [new LayerSource(parameter.Parameter, false)],
        ILocalReferenceOperation local => SourcesOf(local, steps - 1),
        IConversionOperation conversion => SourcesOf(conversion.Operand, steps),
        IConditionalOperation choice => SourcesOf(choice.WhenTrue, steps - 1).Concat(SourcesOf(choice.WhenFalse, steps - 1)),
        ICoalesceOperation choice => SourcesOf(choice.Value, steps - 1).Concat(SourcesOf(choice.WhenNull, steps - 1)),
        IConditionalAccessInstanceOperation instance => SourcesOf(Conditional(instance), steps - 1),
        _ => [],
    };

    private static IEnumerable<LayerSource> SourcesOf(ILocalReferenceOperation local, int steps)
    {
        var definition = LocalDefinition.Of(local);
        return definition.Kind switch
        {
            LocalDefinitionKind.Value => SourcesOf(definition.Value, steps),
            LocalDefinitionKind.Item => Items(definition.Value, steps),
            _ => [],
        };
    }

    /// <summary>The items of a sequence: of a member that holds one, or those written out.</summary>
    private static IEnumerable<LayerSource> Items(IOperation? sequence, int steps) => steps <= 0 ? [] : sequence switch
    {
        IConversionOperation conversion => Items(conversion.Operand, steps),
        IInvocationOperation call when IsLinq(call) && Array.IndexOf(SameItems, call.TargetMethod.Name) >= 0 => Items(call.Arguments[0].Value, steps - 1),
        IInvocationOperation { TargetMethod: { Name: "children", Parameters.Length: 0 } children, Instance: { } module } when TorchSharpTypes.IsFromTorchSharp(children) => Items(module, steps - 1),
        IArrayCreationOperation { Initializer: { } written } => written.ElementValues.SelectMany(v => SourcesOf(v, steps - 1)),
        ILocalReferenceOperation local when LocalDefinition.Of(local) is { Kind: LocalDefinitionKind.Value } definition => Items(definition.Value, steps - 1),
        _ => SourcesOf(sequence, steps - 1).Select(s => s with { IsItem = true }),
    };

    private static IOperation? Conditional(IOperation instance)
    {
        for (var operation = instance.Parent; operation is not null; operation = operation.Parent)
            if (operation is IConditionalAccessOperation access) return access.Operation;
        return null;
    }

    private static IOperation? TupleElement(IFieldReferenceOperation element, int steps)
    {
        string name = (element.Field.CorrespondingTupleField ?? element.Field).Name;
        if (!name.StartsWith("Item", StringComparison.Ordinal) || !int.TryParse(name.Substring(4), out int number)) return null;
        var tuple = element.Instance;
        for (; steps > 0 && tuple is ILocalReferenceOperation local; steps--)
            tuple = LocalDefinition.Of(local) is { Kind: LocalDefinitionKind.Value } definition ? definition.Value : null;
        while (tuple is IConversionOperation conversion) tuple = conversion.Operand;
        return tuple is ITupleOperation { Elements: var elements } && number <= elements.Length ? elements[number - 1] : null;
    }

    /// <summary>The sequence of which a lambda's parameter is each item: <c>layers.Select(l =&gt; …)</c>, <c>layers.Aggregate(x, (h, l) =&gt; …)</c>.</summary>
    private static IOperation? SequenceOf(IParameterReferenceOperation reference)
    {
        for (var operation = reference.Parent; operation is not null; operation = operation.Parent)
        {
            if (operation is not IAnonymousFunctionOperation lambda || !SymbolEqualityComparer.Default.Equals(lambda.Symbol, reference.Parameter.ContainingSymbol)) continue;
            var argument = lambda.Parent;
            while (argument is IDelegateCreationOperation or IConversionOperation) argument = argument.Parent;
            if (argument is not IArgumentOperation { Parent: IInvocationOperation call } || !IsLinq(call)) return null;
            int item = call.TargetMethod.Name == "Aggregate" ? 1 : 0;
            return reference.Parameter.Ordinal == item ? call.Arguments[0].Value : null;
        }
        return null;
    }

    private static bool IsLinq(IInvocationOperation call) =>
        call.Arguments.Length > 0 && call.TargetMethod.ContainingType is { Name: "Enumerable", ContainingNamespace: { Name: "Linq", ContainingNamespace: { Name: "System", ContainingNamespace.IsGlobalNamespace: true } } };
}
