using CsCheck;
using static CsCheck.Gen;

namespace AdaLoRA.Gen.Hosting.Tests;

public class BucketedOrderTests
{
    private sealed record Case(int[] Lengths, int Seed, int Window, int BatchSize, int Epoch)
    {
        public BucketedOrder Order { get; } = new(Lengths, Seed, Window);

        public int[][] Batches => [.. Enumerable.Range(0, Order.Batches(BatchSize)).Select(i => Order.Batch(Epoch, i, BatchSize).ToArray())];

        public int Longest(int[] batch) => batch.Max(i => Lengths[i]);

        public long Padding(IEnumerable<int[]> batches) => batches.Sum(b => (long)b.Length * Longest(b) - b.Sum(i => (long)Lengths[i]));
    }

    private static readonly Gen<Case> Cases =
        from lengths in Int[1, 60].Array[1, 300]
        from seed in Int
        from window in Int[1, 12]
        from batchSize in Int[1, 40]
        from epoch in Int[0, 5]
        select new Case(lengths, seed, window, batchSize, epoch);

    [Fact]
    public void Every_epoch_holds_every_example_once_in_batches_of_one_size() => Cases.Sample(c =>
    {
        int[][] batches = c.Batches;
        Assert.Equal(Enumerable.Range(0, c.Lengths.Length), batches.SelectMany(b => b).Order());
        Assert.All(batches[..^1], b => Assert.Equal(c.BatchSize, b.Length));
    }, iter: 500);

    [Fact]
    public void Padding_is_bounded_by_that_of_the_plain_order_and_by_the_windows() => Cases.Sample(c =>
    {
        int[][] batches = c.Batches;
        var plain = new EpochOrder(c.Lengths.Length, c.Seed);
        long padding = c.Padding(batches);
        Assert.True(padding <= c.Padding(Enumerable.Range(0, batches.Length).Select(i => plain.Batch(c.Epoch, i, c.BatchSize).ToArray())));
        int windows = (c.Lengths.Length / c.BatchSize + c.Window - 1) / c.Window + (c.Lengths.Length % c.BatchSize > 0 ? 1 : 0);
        Assert.True(padding <= (long)windows * c.BatchSize * (c.Lengths.Max() - c.Lengths.Min()));
        Assert.All(batches, b => Assert.Equal(b.OrderBy(i => c.Lengths[i]).Select(i => c.Lengths[i]), b.Select(i => c.Lengths[i])));
    }, iter: 500);

    [Fact]
    public void Depends_on_seed_epoch_and_index_and_on_nothing_else() => Cases.Sample(c =>
    {
        int[][] batches = c.Batches;
        // Other epochs in between, another object, backwards.
        c.Order.Batch(c.Epoch + 1, 0, c.BatchSize);
        var other = new BucketedOrder(c.Lengths, c.Seed, c.Window);
        for (int i = batches.Length - 1; i >= 0; i--)
        {
            Assert.Equal(batches[i], c.Order.Batch(c.Epoch, i, c.BatchSize).ToArray());
            Assert.Equal(batches[i], other.Batch(c.Epoch, i, c.BatchSize).ToArray());
        }
    }, iter: 200);

    [Fact]
    public void The_first_batch_of_all_holds_the_longest_example() => Cases.Sample(c =>
    {
        var first = c with { Epoch = 0 };
        int[][] batches = first.Batches;
        int longest = first.Lengths.Max();
        if (batches[^1].Length == first.BatchSize || first.Longest(batches[^1]) < longest) Assert.Equal(longest, first.Longest(batches[0]));
    }, iter: 500);

    [Fact]
    public void Epochs_and_seeds_differ_and_batches_come_in_no_order_of_length()
    {
        int[] lengths = [.. Enumerable.Range(0, 1000).Select(i => 5 + i % 50)];
        int[][] Of(int seed, int epoch) => new Case(lengths, seed, 5, 10, epoch).Batches;
        Assert.NotEqual(Of(1, 0), Of(2, 0));
        Assert.NotEqual(Of(1, 0), Of(1, 1));
        // Of 98 steps from one batch to the next about half go up.
        int[] longest = [.. Of(3, 1).Select(b => b.Max(i => lengths[i]))];
        Assert.InRange(longest.Zip(longest.Skip(1)).Count(p => p.First < p.Second), 30, 68);
    }

    [Fact]
    public void Most_of_the_padding_goes()
    {
        var random = new Random(5);
        int[] lengths = [.. Enumerable.Range(0, 3000).Select(_ => 6 + (int)(-9 * Math.Log(1 - random.NextDouble())))];
        var c = new Case(lengths, 1, 50, 32, 0);
        var plain = new EpochOrder(lengths.Length, 1);
        long before = c.Padding(Enumerable.Range(0, plain.Batches(32)).Select(i => plain.Batch(0, i, 32).ToArray()));
        Assert.True(c.Padding(c.Batches) < before / 10);
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BucketedOrder([], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BucketedOrder([1], 0, window: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BucketedOrder([1], 0).Batch(0, 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BucketedOrder([1], 0).Batches(0));
    }
}
