using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>A tokenised batch, padded to its longest sequence.</summary>
/// <param name="inputIds">Token ids, int64 [B, T].</param>
/// <param name="attentionMask">1 for real tokens, 0 for padding, int64 [B, T].</param>
/// <param name="tokenTypeIds">Segments, int64 [B, T].</param>
public sealed class TokenBatch(Tensor inputIds, Tensor attentionMask, Tensor tokenTypeIds) : IDisposable
{
    /// <summary>Token ids, int64 [B, T].</summary>
    public Tensor InputIds { get; } = inputIds;

    /// <summary>1 for real tokens, 0 for padding, int64 [B, T], on the CPU: the layout is read there.</summary>
    public Tensor AttentionMask { get; } = attentionMask;

    /// <summary>Segments, int64 [B, T].</summary>
    public Tensor TokenTypeIds { get; } = tokenTypeIds;

    /// <summary>Frees the three tensors.</summary>
    public void Dispose()
    {
        InputIds.Dispose();
        AttentionMask.Dispose();
        TokenTypeIds.Dispose();
    }
}

/// <summary>One tokenised text or pair.</summary>
/// <param name="Ids">Token ids with the special ones.</param>
/// <param name="TypeIds">Segment of each token: 0, and 1 for the second text of a pair.</param>
public sealed record TokenSequence(IReadOnlyList<int> Ids, IReadOnlyList<int> TypeIds);
