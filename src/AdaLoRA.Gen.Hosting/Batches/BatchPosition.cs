using System.Globalization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Which micro-batch.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Index">Of the epoch, from 0.</param>
public readonly record struct BatchPosition(int Epoch, int Index)
{
    /// <summary>The one that follows.</summary>
    /// <param name="batchesPerEpoch">After the last comes the first of the next epoch.</param>
    public BatchPosition After(int batchesPerEpoch) => Index + 1 < batchesPerEpoch ? this with { Index = Index + 1 } : new BatchPosition(Epoch + 1, 0);

    /// <summary>The batch at a place in the data.</summary>
    /// <param name="place">Batches before it, those of all epochs.</param>
    /// <param name="batchesPerEpoch">Batches of one epoch.</param>
    internal static BatchPosition At(long place, int batchesPerEpoch) => new((int)(place / batchesPerEpoch), (int)(place % batchesPerEpoch));

    /// <summary>As the end or the start of a sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"Batch {Index} of epoch {Epoch}");
}
