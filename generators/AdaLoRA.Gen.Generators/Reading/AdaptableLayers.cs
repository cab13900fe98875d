using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Generators.Reading;

internal enum LayerKind
{
    Linear,
    TransposedLinear,
    QuantizableLinear,
    Conv1d,
    Conv2d,
    Conv3d,
    Embedding,
    QuantizableEmbedding,
}

/// <summary>The kinds of layers that carry adapters. Must agree with <c>AdaLoRA.Gen.Adapters.AdaptedLayer</c>, which knows them at run time; a test holds the two together.</summary>
internal static class AdaptableLayers
{
    /// <summary>The kinds, for messages.</summary>
    public const string Kinds = "Linear, TransposedLinear, QuantizableLinear, Conv1d, Conv2d, Conv3d, Embedding and QuantizableEmbedding";

    /// <summary>The kind of a layer's class; null when it is none that can be adapted.</summary>
    public static LayerKind? KindOf(ITypeSymbol type) =>
        IsOwn(type) ? type.Name switch
        {
            "TransposedLinear" => LayerKind.TransposedLinear,
            "QuantizableLinear" => LayerKind.QuantizableLinear,
            "QuantizableEmbedding" => LayerKind.QuantizableEmbedding,
            _ => null,
        }
        : !TorchSharpTypes.IsFromModulesNamespace(type) ? null
        : type.Name switch
        {
            "Linear" => LayerKind.Linear,
            "Conv1d" => LayerKind.Conv1d,
            "Conv2d" => LayerKind.Conv2d,
            "Conv3d" => LayerKind.Conv3d,
            "Embedding" => LayerKind.Embedding,
            _ => null,
        };

    /// <summary>A layer that is this library's own, or the base class of some.</summary>
    public static bool IsOwn(ITypeSymbol type) => type is
    {
        Name: "TransposedLinear" or "QuantizableLinear" or "QuantizableEmbedding" or "QuantizableLayer",
        ContainingType: null,
        ContainingAssembly.Name: "AdaLoRA.Gen",
        ContainingNamespace: { Name: "Gen", ContainingNamespace: { Name: "AdaLoRA", ContainingNamespace.IsGlobalNamespace: true } },
    };

    /// <summary>Registered names of the parameters that a layer of the kind may have.</summary>
    public static IEnumerable<string> ParametersOf(LayerKind kind) => kind is LayerKind.Embedding or LayerKind.QuantizableEmbedding ? ["weight"] : ["weight", "bias"];
}
