using AdaLoRA.Gen.Autograd;
using AdaLoRA.Gen.Layers;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary><see cref="QuantizableLinear"/>: the weight is [out, in], as floats or as int8; the adapter is that of a Linear.</summary>
internal sealed class QuantizableLinearLayer(QuantizableLinear layer) : MatrixLayer(layer)
{
    public override int InFeatures { get; } = (int)layer.weight.shape[1];

    public override int OutFeatures { get; } = (int)layer.weight.shape[0];

    public override Tensor Weight => layer.weight;

    public override ScalarType DType => layer.FloatType;

    public override string? WhyUnmergeable => WhyInt8(layer);

    public override bool IsFrozen(ScalarType output) => (layer.IsQuantized || (layer.weight.dtype == output && !layer.weight.requires_grad)) && layer.bias?.requires_grad != true;

    public override NativeTensor InputGradient(NativeTensor dy)
    {
        if (!layer.IsQuantized) return dy.Multiply(layer.weight);
        using var gradient = dy.Share();
        return NativeTensor.Take(Int8Product.MultiplyTransposed(gradient, layer.weight, layer.weight_scale!));
    }

    public override Tensor ShapeDelta(Tensor product) => product;

    /// <summary>
    /// Requantised, W + ΔW would lose what most of ΔW is: a step of int8 is 1/127 of the largest weight of its row, a trained ΔW often less. A merge that changes what the model computes
    /// is refused.
    /// </summary>
    public static string? WhyInt8(QuantizableLayer layer) => layer.IsQuantized ? "is int8, which would round ΔW away: call Dequantize() on the layer (or DequantizeBase() on the model) first, or leave the adapters unmerged" : null;
}
