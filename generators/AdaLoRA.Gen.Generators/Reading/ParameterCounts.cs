using System.Collections.Immutable;
using Microsoft.CodeAnalysis.Operations;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>How many parameters a model has, where the source states every size as a constant; null where it does not. A wrong number would be worse than none.</summary>
internal static class ParameterCounts
{
    /// <summary>Layers of TorchSharp without a parameter, by the names of their classes.</summary>
    private static readonly HashSet<string> Bare =
    [
        "AlphaDropout", "CELU", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "ELU", "FeatureAlphaDropout", "Flatten", "GELU", "GLU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "Identity",
        "LeakyReLU", "LogSoftmax", "MaxPool1d", "MaxPool2d", "MaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
        "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "Mish", "PixelShuffle", "PixelUnshuffle", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink", "Softsign",
        "Tanh", "Tanhshrink", "Threshold", "Unflatten", "Upsample", "ZeroPad2d",
    ];

    public static decimal? Of(ModuleNode node, ReadContext context) => node.Kind switch
    {
        NodeKind.Adaptable or NodeKind.NotAdaptable => Agreed(node, context),
        NodeKind.Block when node.Parameters.Count == 0 && !node.MayHoldMore && !node.HidesPrivateMembers => Sum(node, context),
        NodeKind.List when node.Count is { } items && Sum(node, context) is { } one => items * one,
        _ => null,
    };

    private static decimal? Sum(ModuleNode node, ReadContext context) => node.Children.Aggregate((decimal?)0, (sum, child) => sum is null ? null : sum + Of(child, context));

    /// <summary>Of a layer that is made in several places, only what all of them say.</summary>
    private static decimal? Agreed(ModuleNode layer, ReadContext context)
    {
        if (layer.Kind == NodeKind.NotAdaptable && layer.Type is { } type && Bare.Contains(type.Name)) return 0;
        var counts = layer.Origins.Select(o => Layer(layer, FeatureSizes.Arguments(o, context))).Distinct().ToList();
        return counts.Count == 1 ? counts[0] : null;
    }

    private static decimal? Layer(ModuleNode layer, ImmutableArray<IArgumentOperation> arguments)
    {
        if (arguments.IsEmpty) return null;
        if (layer.Kind == NodeKind.NotAdaptable) return Normalization(layer.Type!.Name, arguments);
        if (layer is not { InFeatures: > 0, OutFeatures: > 0 }) return null;
        decimal weight = (decimal)layer.InFeatures * layer.OutFeatures;
        if (AdaptableLayers.KindOf(layer.Type!) is LayerKind.Embedding or LayerKind.QuantizableEmbedding) return weight;
        return (Flag(arguments, "hasBias") ?? Flag(arguments, "bias")) is { } bias ? weight + (bias ? layer.OutFeatures : 0) : null;
    }

    private static decimal? Normalization(string name, ImmutableArray<IArgumentOperation> arguments)
    {
        var (size, affine) = name switch
        {
            "LayerNorm" => (Shape(arguments), Flag(arguments, "elementwise_affine")),
            "BatchNorm1d" or "BatchNorm2d" or "BatchNorm3d" or "InstanceNorm1d" or "InstanceNorm2d" or "InstanceNorm3d" => (Number(arguments, "num_features"), Flag(arguments, "affine")),
            "GroupNorm" => (Number(arguments, "num_channels"), Flag(arguments, "affine")),
            _ => (null, null),
        };
        if (affine is null || size is null) return null;
        if (!affine.Value) return 0;
        bool? bias = name == "LayerNorm" ? Flag(arguments, "bias") : true;
        return bias is { } b ? b ? 2 * size : size : null;
    }

    /// <summary>Of a shape given as one number or written out as an array.</summary>
    private static decimal? Shape(ImmutableArray<IArgumentOperation> arguments)
    {
        var value = FeatureSizes.Value(arguments, "normalized_shape");
        while (value is IConversionOperation conversion) value = conversion.Operand;
        if (value is not IArrayCreationOperation { Initializer.ElementValues: var sides }) return Number(arguments, "normalized_shape");
        return sides.Aggregate((decimal?)1, (product, side) => FeatureSizes.Constant(side) is > 0 and var n ? product * n : null);
    }

    private static decimal? Number(ImmutableArray<IArgumentOperation> arguments, string parameter) => FeatureSizes.Size(arguments, parameter) is > 0 and var n ? n : null;

    private static bool? Flag(ImmutableArray<IArgumentOperation> arguments, string parameter) => FeatureSizes.Value(arguments, parameter)?.ConstantValue.Value as bool?;
}
