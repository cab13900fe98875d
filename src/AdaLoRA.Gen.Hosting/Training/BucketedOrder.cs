namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// As <see cref="EpochOrder"/>, with examples of like length in a batch, which saves padding: the random order of an epoch is cut into windows of some batches, and each window sorted by length before it is cut into batches, which come
/// in random order. A pure function of (seed, epoch, index). The longest example of all is in the very first batch (unless in the smaller one), so that the discarded batch says what memory the run needs.
/// </summary>
/// <remarks>
/// Never pads more than <see cref="EpochOrder"/> of the same seed does, and in a window (the smaller batch is one of its own) no more than <c>batchSize · (longest − shortest)</c>. The price is that the examples of a batch are like each other in length: the wider the window, the
/// less padding and the less chance. Holds the order of the epoch that was asked for last. May be asked on several threads.
/// </remarks>
public sealed class BucketedOrder
{
    private const ulong BatchStream = 0xB0C4E7ED;
    private readonly int[] _lengths;
    private readonly long _seed;
    private readonly int _window;
    private readonly int _longest;

    // Replaced as a whole: who still reads the epoch before is not disturbed.
    private volatile Order? _order;

    /// <summary>Creates the order.</summary>
    /// <param name="lengths">Length of every example, in any unit: tokens, say. At least one.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="window">Batches of a window, at least 1. Default 50; 1 is <see cref="EpochOrder"/> with its batches shuffled.</param>
    public BucketedOrder(IEnumerable<int> lengths, long seed, int window = 50)
    {
        ArgumentNullException.ThrowIfNull(lengths);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        _lengths = [.. lengths];
        ArgumentOutOfRangeException.ThrowIfZero(_lengths.Length, nameof(lengths));
        (_seed, _window, _longest) = (seed, window, Array.IndexOf(_lengths, _lengths.Max()));
    }

    /// <summary>Examples of one epoch.</summary>
    public int Count => _lengths.Length;

    /// <summary>Batches of one epoch; the last one may be smaller.</summary>
    /// <param name="batchSize">Examples of a batch.</param>
    public int Batches(int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        return (Count - 1) / batchSize + 1;
    }

    /// <summary>The examples of one batch, as indices from 0 to <see cref="Count"/> − 1, shortest first.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">Batch of the epoch, from 0.</param>
    /// <param name="batchSize">Examples of a batch.</param>
    public ReadOnlySpan<int> Batch(int epoch, int index, int batchSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Batches(batchSize));
        var order = _order;
        if (order is null || order.Epoch != epoch || order.BatchSize != batchSize) _order = order = Create(epoch, batchSize);
        int start = order.Batches[index] * batchSize;
        return order.Examples.AsSpan(start, Math.Min(batchSize, Count - start));
    }

    private Order Create(int epoch, int batchSize)
    {
        int[] examples = EpochOrder.Shuffled(Count, (ulong)_seed, epoch);
        // What is left for the smaller batch stays as chance has it: sorted in, it could only lengthen others.
        int sorted = Count - Count % batchSize;
        int window = (int)Math.Min((long)_window * batchSize, Count);
        for (int start = 0; start < Count; start = Math.Min(start + window, start < sorted ? sorted : Count))
        {
            int size = Math.Min(window, (start < sorted ? sorted : Count) - start);
            // Equal lengths keep their random order: a sort that is not stable must not decide.
            var keys = new (int Length, int Place)[size];
            for (int i = 0; i < size; i++) keys[i] = (_lengths[examples[start + i]], i);
            keys.AsSpan().Sort(examples.AsSpan(start, size));
        }
        return new Order(epoch, batchSize, examples, BatchOrder(epoch, batchSize, examples));
    }

    // The smaller batch stays at the end.
    private int[] BatchOrder(int epoch, int batchSize, int[] examples)
    {
        int all = Batches(batchSize), full = Count / batchSize;
        int[] order = [.. EpochOrder.Shuffled(full, StepSeed.Mix((ulong)_seed) ^ BatchStream, epoch), .. Enumerable.Range(full, all - full)];
        int longest = Array.IndexOf(examples, _longest) / batchSize;
        if (epoch > 0 || longest >= full) return order;
        int place = Array.IndexOf(order, longest);
        (order[0], order[place]) = (order[place], order[0]);
        return order;
    }

    private sealed record Order(int Epoch, int BatchSize, int[] Examples, int[] Batches);
}
