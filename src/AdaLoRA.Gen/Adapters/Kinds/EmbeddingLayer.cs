using AdaLoRA.Gen.Arena;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// <see cref="Embedding"/>: a row of W per index, so A has a column per index and B makes the row: ΔW = (B·(A ∘ E)·scale)ᵀ, [indices, dimension]. The gradient of A is as
/// dense as A. Rows of a padding index train like any other: TorchSharp does not tell which index that is.
/// </summary>
internal sealed class EmbeddingLayer(Embedding layer) : AdaptedLayer(layer)
{
    public override int InFeatures { get; } = (int)layer.weight!.shape[0];

    public override int OutFeatures { get; } = (int)layer.weight!.shape[1];

    public override Tensor Weight => layer.weight!;

    public override bool HasDropout => false;

    public override bool IsEmbedding => true;

    public override Action Hook(Func<Tensor, Tensor, Tensor> add) => layer.register_forward_hook((_, x, y) => add(x, y)).remove;

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
