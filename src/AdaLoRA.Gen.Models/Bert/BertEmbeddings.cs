using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Word, position and segment embeddings of the real tokens, summed and normalised.</summary>
public sealed class BertEmbeddings : nn.Module<Tensor, TokenLayout, Tensor?, Tensor>
{
    /// <summary>Embeddings of the vocabulary, [V, H].</summary>
    public readonly Embedding word_embeddings;

    /// <summary>Embeddings of the positions, [P, H].</summary>
    public readonly Embedding position_embeddings;

    /// <summary>Embeddings of the segments, [2, H].</summary>
    public readonly Embedding token_type_embeddings;

    /// <summary>Norm of the sum.</summary>
    public readonly LayerNorm LayerNorm;

    /// <summary>Dropout of the result.</summary>
    public readonly Dropout dropout;

    private readonly long _maxPositions;

    internal BertEmbeddings(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertEmbeddings))
    {
        word_embeddings = Layers.Embedding(config.VocabSize, config.HiddenSize, config.PadTokenId, device, dtype);
        position_embeddings = Layers.Embedding(config.MaxPositions, config.HiddenSize, null, device, dtype);
        token_type_embeddings = Layers.Embedding(config.TypeVocabSize, config.HiddenSize, null, device, dtype);
        LayerNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device, dtype: dtype);
        dropout = nn.Dropout(config.HiddenDropout);
        _maxPositions = config.MaxPositions;
        RegisterComponents();
    }

    /// <summary>Embeds the real tokens.</summary>
    /// <param name="input_ids">int64 [B, T].</param>
    /// <param name="layout">Which tokens are real.</param>
    /// <param name="token_type_ids">int64 [B, T]; null: segment 0 everywhere.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor input_ids, TokenLayout layout, Tensor? token_type_ids)
    {
        using var scope = torch.NewDisposeScope();
        if (layout.Length > _maxPositions) throw new AdaLoRAException($"The batch has {layout.Length} positions and the model {_maxPositions}: cut the text with maxLength when it is tokenised.");
        Tensor words = word_embeddings.call(layout.Pack(input_ids));
        // Without segments one row is broadcast: [1, H].
        Tensor types = token_type_embeddings.call(token_type_ids is null ? torch.zeros(1, dtype: ScalarType.Int64, device: input_ids.device) : layout.Pack(token_type_ids));
        Tensor sum = words.add(types, Scalars.One).add_(position_embeddings.call(layout.Positions), Scalars.One);
        return dropout.call(LayerNorm.call(sum)).MoveToOuterDisposeScope();
    }
}
