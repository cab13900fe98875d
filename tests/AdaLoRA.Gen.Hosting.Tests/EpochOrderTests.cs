namespace AdaLoRA.Gen.Hosting.Tests;

public class EpochOrderTests
{
    [Fact]
    public void Every_epoch_holds_every_example_once()
    {
        var order = new EpochOrder(103, seed: 3);
        for (int epoch = 0; epoch < 3; epoch++)
        {
            var seen = Epoch(order, epoch, 10);
            Assert.Equal(Enumerable.Range(0, 103), seen.Order());
        }
    }

    [Fact]
    public void Depends_on_seed_and_epoch_and_on_nothing_else()
    {
        var a = new EpochOrder(50, 7);
        var first = Epoch(a, 0, 8);
        var second = Epoch(a, 1, 8);
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, Epoch(new EpochOrder(50, 8), 0, 8));
        Assert.Equal(first, Epoch(a, 0, 8));
        Assert.Equal(second[16..24], new EpochOrder(50, 7).Batch(1, 2, 8).ToArray());
    }

    [Fact]
    public void Is_spread_evenly()
    {
        int[] firsts = new int[5];
        for (int epoch = 0; epoch < 5000; epoch++) firsts[new EpochOrder(5, 1).Batch(epoch, 0, 1)[0]]++;
        Assert.All(firsts, n => Assert.InRange(n, 900, 1100));
    }

    [Fact]
    public void The_last_batch_may_be_smaller()
    {
        var order = new EpochOrder(10, 0);
        Assert.Equal(3, order.Batches(4));
        Assert.Equal(2, order.Batch(0, 2, 4).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Batch(0, 3, 4));
    }

    private static int[] Epoch(EpochOrder order, int epoch, int batchSize) =>
        [.. Enumerable.Range(0, order.Batches(batchSize)).SelectMany(i => order.Batch(epoch, i, batchSize).ToArray())];
}
