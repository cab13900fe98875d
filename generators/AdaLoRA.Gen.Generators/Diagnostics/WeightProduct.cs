using AdaLoRA.Gen.Generators.Reading;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Diagnostics;

/// <summary>Follows a weight through views and locals to an operation that multiplies it with (or looks it up by) something that comes from the method's input.</summary>
internal static class WeightProduct
{
    private const int MostSteps = 16;

    private static readonly string[] Views = ["t", "transpose", "permute", "view", "reshape", "contiguous", "detach", "to", "to_type", "type_as", "cpu", "cuda", "half", "float", "bfloat16", "unsqueeze", "squeeze", "alias", "T", "mT"];
    private static readonly string[] Products = ["matmul", "mm", "bmm", "mv", "addmm", "addmv", "baddbmm", "einsum", "tensordot", "inner"];
    private static readonly string[] Sums = ["addmm", "addmv", "baddbmm"];
    private static readonly string[] Lookups = ["index", "index_select", "get_Item"];
    private static readonly string[] WeightedFunctions = ["linear", "bilinear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"];

    /// <summary>The multiplying operation, or null.</summary>
    public static IOperation? Of(IOperation weight) => Of(weight, MostSteps);

    private static IOperation? Of(IOperation value, int steps) => steps == 0 ? null : value.Parent switch
    {
        IConversionOperation conversion => Of(conversion, steps),
        IInvocationOperation call when call.Instance == value => OfCall(call, value, steps),
        IArgumentOperation { Parent: IInvocationOperation call } argument => OfArgument(call, argument, value, steps),
        IArrayInitializerOperation { Parent: IArrayCreationOperation { Parent: IArgumentOperation { Parent: IInvocationOperation call } argument } } => OfArgument(call, argument, value, steps),
        IPropertyReferenceOperation { Arguments.Length: 0 } view when view.Instance == value && IsOfTensor(view.Property) && Contains(Views, view.Property.Name) => Of(view, steps - 1),
        IPropertyReferenceOperation { Arguments: [var index, ..] } item when item.Instance == value && IsOfTensor(item.Property) && InputFlow.Reaches(index) => item,
        IVariableInitializerOperation { Parent: IVariableDeclaratorOperation variable } => OfLocal(variable, steps),
        _ => null,
    };

    private static IOperation? OfCall(IInvocationOperation call, IOperation weight, int steps)
    {
        if (!IsOfTensor(call.TargetMethod)) return null;
        if (Contains(Views, call.TargetMethod.Name)) return Of(call, steps - 1);
        // W.addmm(a, b) is W + a·b: the weight is a summand there.
        if (Contains(Sums, call.TargetMethod.Name)) return null;
        return (Contains(Products, call.TargetMethod.Name) || Contains(Lookups, call.TargetMethod.Name)) && OthersReach(call, weight) ? call : null;
    }

    private static IOperation? OfArgument(IInvocationOperation call, IArgumentOperation argument, IOperation weight, int steps)
    {
        var method = call.TargetMethod;
        if (!TorchSharpTypes.IsFromTorchSharp(method) || !TorchSharpTypes.IsTensor(method.ReturnType)) return null;
        if (method.ContainingType is { Name: "functional", ContainingType.Name: "nn" })
            return Contains(WeightedFunctions, method.Name) && argument.Parameter?.Name is "weight" or "weights" && OthersReach(call, weight) ? call : null;
        if (Contains(Views, method.Name) && method.IsStatic && argument.Parameter?.Ordinal == 0) return Of(call, steps - 1);
        if (Contains(Sums, method.Name) && argument.Parameter?.Name == "input") return null;
        bool multiplies = Contains(Products, method.Name) || (method is { Name: "index_select", IsStatic: true } && argument.Parameter?.Ordinal == 0);
        return multiplies && OthersReach(call, weight) ? call : null;
    }

    private static IOperation? OfLocal(IVariableDeclaratorOperation variable, int steps) => LocalDefinition.RootOf(variable).Descendants()
        .OfType<ILocalReferenceOperation>().Where(r => SymbolEqualityComparer.Default.Equals(r.Local, variable.Symbol) && LocalDefinition.Of(r).Kind == LocalDefinitionKind.Value)
        .Select(r => Of(r, steps - 1)).FirstOrDefault(p => p is not null);

    /// <summary>Whether an operand besides the weight comes from the input.</summary>
    private static bool OthersReach(IInvocationOperation call, IOperation weight)
    {
        var operands = call.Arguments.Select(a => a.Value).SelectMany(v => v is IArrayCreationOperation { Initializer.ElementValues: var written } ? (IEnumerable<IOperation>)written : [v]);
        return operands.Prepend(call.Instance).OfType<IOperation>().Any(o => o != weight && !IsConverted(weight, o) && InputFlow.Reaches(o));
    }

    private static bool IsConverted(IOperation weight, IOperation operand) => operand is IConversionOperation conversion && (conversion.Operand == weight || IsConverted(weight, conversion.Operand));

    private static bool IsOfTensor(ISymbol symbol) => symbol.ContainingType is { } type && (TorchSharpTypes.IsTensor(type) || type.Name == "TensorExtensionMethods") && TorchSharpTypes.IsFromTorchSharp(symbol);

    private static bool Contains(string[] names, string name) => Array.IndexOf(names, name) >= 0;
}
