using AdaLoRA.Gen.Arena;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// <see cref="Embedding"/> and <see cref="QuantizableEmbedding"/>: a row of W per index, so A has a column per index and B makes the row: ΔW = (B·(A ∘ E)·scale)ᵀ, [indices, dimension]. The gradient of A is as
/// dense as A. Rows of a padding index train like any other: TorchSharp does not tell which index that is.
/// </summary>
internal sealed class EmbeddingLayer : AdaptedLayer
{
    private readonly nn.Module<Tensor, Tensor> _layer;
    private readonly Func<Tensor> _weight;
    private readonly QuantizableLayer? _quantizable;

    public EmbeddingLayer(Embedding layer) : this(layer, () => layer.weight!) { }

    public EmbeddingLayer(QuantizableEmbedding layer) : this(layer, () => layer.weight) => _quantizable = layer;

    private EmbeddingLayer(nn.Module<Tensor, Tensor> layer, Func<Tensor> weight) : base(layer)
    {
        (_layer, _weight) = (layer, weight);
        long[] shape = weight().shape;
        (InFeatures, OutFeatures) = ((int)shape[0], (int)shape[1]);
    }

    public override int InFeatures { get; }

    public override int OutFeatures { get; }

    public override Tensor Weight => _weight();

    public override ScalarType DType => _quantizable?.FloatType ?? base.DType;

    public override string? WhyUnmergeable => _quantizable is null ? null : QuantizableLinearLayer.WhyInt8(_quantizable);

    public override bool HasDropout => false;

    public override bool IsEmbedding => true;

    public override Action Hook(Func<Tensor, Tensor, Tensor> add) => _layer.register_forward_hook((_, x, y) => add(x, y)).remove;

    public override Tensor Add(Tensor x, Tensor y, Tensor folded, Tensor bt)
    {
        using var delta = Delta(x, folded, bt);
        return Replacing(y, y.add(delta, Scalars.One));
    }

    public override Tensor Delta(Tensor x, Tensor folded, Tensor bt)
    {
        using var index = x.reshape(-1);
        using var hidden = folded.index_select(0, index);
        using var delta = hidden.mm(bt);
        return delta.view([.. x.shape, OutFeatures]);
    }

    public override Tensor ShapeDelta(Tensor product) => product.t();
}
