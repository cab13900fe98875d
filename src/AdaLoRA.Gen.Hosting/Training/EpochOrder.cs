namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// A new random order of the examples for every epoch, as a pure function of (seed, epoch): a run that resumes in the middle sees what it would have seen. Holds the order of the epoch
/// that was asked for last. May be asked on several threads.
/// </summary>
public sealed class EpochOrder
{
    private readonly long _seed;

    // Replaced as a whole: who still reads the epoch before is not disturbed.
    private volatile Order? _order;

    /// <summary>Creates the order.</summary>
    /// <param name="count">Examples of one epoch, at least 1.</param>
    /// <param name="seed">The run's seed.</param>
    public EpochOrder(int count, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        _seed = seed;
    }

    /// <summary>Examples of one epoch.</summary>
    public int Count { get; }

    /// <summary>Batches of one epoch; the last one may be smaller.</summary>
    /// <param name="batchSize">Examples of a batch.</param>
    public int Batches(int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        return (Count - 1) / batchSize + 1;
    }

    /// <summary>The examples of one batch, as indices from 0 to <see cref="Count"/> − 1.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">Batch of the epoch, from 0.</param>
    /// <param name="batchSize">Examples of a batch.</param>
    public ReadOnlySpan<int> Batch(int epoch, int index, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Batches(batchSize));
        var order = _order;
        if (order is null || order.Epoch != epoch) _order = order = new Order(epoch, Shuffled(Count, (ulong)_seed, epoch));
        int start = index * batchSize;
        return order.Examples.AsSpan(start, Math.Min(batchSize, Count - start));
    }

    // Fisher–Yates on a counter-based stream; the bias of multiply-shift is below 2⁻³² for any count.
    internal static int[] Shuffled(int count, ulong seed, int epoch)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        ulong stream = StepSeed.Mix(StepSeed.Mix(seed) ^ ~(ulong)epoch);
        for (int i = order.Length - 1; i > 0; i--)
        {
            stream = StepSeed.Mix(stream);
            int j = (int)Math.BigMul(stream, (ulong)i + 1, out _);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private sealed record Order(int Epoch, int[] Examples);
}
