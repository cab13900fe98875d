using AdaLoRA.Gen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// A table of rows by index whose weight [indices, width] is floats or int8 rows (see <see cref="QuantizableLayer"/>). As floats it computes what <see cref="Embedding"/> computes; as
/// int8, rows become floats as they are read.
/// </summary>
public sealed class QuantizableEmbedding : QuantizableLayer
{
    private readonly long? _padding;

    /// <summary>Builds a table with the fresh values of <see cref="Embedding"/>: N(0, 1), zero at the padding.</summary>
    /// <param name="numEmbeddings">Rows of the table.</param>
    /// <param name="embeddingDims">Width of a row.</param>
    /// <param name="paddingIndex">A row that takes no gradient. Default: none.</param>
    /// <param name="weights">How the table is stored. Default: as floats.</param>
    /// <param name="device">Default: torch's default device. On the meta device nothing is drawn.</param>
    /// <param name="dtype">Type of the floats, and of the output. Default: torch's default type.</param>
    public QuantizableEmbedding(long numEmbeddings, long embeddingDims, long? paddingIndex = null, BaseWeights weights = BaseWeights.Floats, Device? device = null, ScalarType? dtype = null)
        : base(nameof(QuantizableEmbedding), numEmbeddings, embeddingDims, weights, device, dtype)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(paddingIndex ?? -1, numEmbeddings, nameof(paddingIndex));
        _padding = paddingIndex;
        if (weight.device_type == DeviceType.META) return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor table = IsQuantized ? empty(numEmbeddings, embeddingDims, dtype: FloatType, device: weight.device) : weight;
        nn.init.normal_(table);
        if (paddingIndex is { } row) table.narrow(0, row, 1).zero_();
        if (IsQuantized) Quantize(table);
    }

    /// <summary>The rows of the indices.</summary>
    /// <param name="input">Indices, int64 or int32 [*].</param>
    /// <returns>[*, width] of <see cref="QuantizableLayer.FloatType"/>.</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        ThrowFailure();
        Tensor index = input.reshape(-1), rows = weight.index_select(0, index);
        if (weight_scale is { } scale) rows = Int8Rows.Dequantize(rows, scale.index_select(0, index), FloatType);
        else if (_padding is { } padding && rows.requires_grad) rows = where((index == padding).unsqueeze(-1), rows.detach(), rows);
        return rows.view([.. input.shape, weight.shape[1]]).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of hidden states against every row, x Wᵀ: a tied head.</summary>
    /// <param name="rows">[*, width].</param>
    /// <returns>[*, indices].</returns>
    /// <exception cref="AdaLoRAException">The backward pass before failed.</exception>
    public Tensor Scores(Tensor rows)
    {
        ThrowFailure();
        return IsQuantized ? Int8Product.Apply(this, rows) : nn.functional.linear(rows, weight);
    }
}
