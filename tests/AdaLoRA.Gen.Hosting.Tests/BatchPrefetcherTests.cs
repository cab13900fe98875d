using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

public class BatchPrefetcherTests
{
    private const int PerEpoch = 3;

    [Fact]
    public void Gives_every_batch_once_and_in_order()
    {
        using var batches = new BatchPrefetcher<Item>(p => new Item(p), new(1, 2), PerEpoch, ahead: 2);
        BatchPosition[] expected = [new(1, 2), new(2, 0), new(2, 1), new(2, 2), new(3, 0)];
        foreach (var position in expected)
        {
            using var item = batches.Take(position);
            Assert.Equal(position, item.Position);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Makes_no_more_than_it_may(int ahead)
    {
        int made = 0;
        using var batches = new BatchPrefetcher<Item>(p => { Interlocked.Increment(ref made); return new Item(p); }, default, PerEpoch, ahead);
        var position = default(BatchPosition);
        for (int taken = 0; taken < 5; taken++)
        {
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref made) == taken + ahead, TimeSpan.FromSeconds(30)));
            // It would go on at once if it could.
            Thread.Sleep(20);
            Assert.Equal(taken + ahead, Volatile.Read(ref made));
            batches.Take(position).Dispose();
            position = position.After(PerEpoch);
        }
    }

    [Fact]
    public void An_error_names_its_batch_and_the_next_ones_follow()
    {
        using var batches = new BatchPrefetcher<Item>(p => p.Index == 1 ? throw new InvalidDataException("row 7 is torn") : new Item(p), default, PerEpoch, ahead: 2);
        batches.Take(default).Dispose();
        var e = Assert.Throws<AdaLoRAException>(() => batches.Take(new(0, 1)));
        Assert.Equal("Batch 1 of epoch 0 could not be made: row 7 is torn", e.Message);
        Assert.IsType<InvalidDataException>(e.InnerException);
        batches.Take(new(0, 2)).Dispose();
    }

    [Fact]
    public void A_batch_out_of_turn_is_refused()
    {
        using var batches = new BatchPrefetcher<Item>(p => new Item(p), default, PerEpoch, ahead: 2);
        var e = Assert.Throws<AdaLoRAException>(() => batches.Take(new(0, 2)));
        Assert.Equal("Batch 2 of epoch 0 was asked for, but Batch 0 of epoch 0 is the next: batches made ahead are taken in order.", e.Message);
    }

    [Fact]
    public void Disposing_frees_what_nobody_took()
    {
        var made = new List<Item>();
        var batches = new BatchPrefetcher<Item>(p => { var item = new Item(p); made.Add(item); return item; }, default, PerEpoch, ahead: 3);
        batches.Take(default).Dispose();
        batches.Dispose();
        batches.Dispose();
        Assert.All(made, item => Assert.Equal(1, item.Disposals));
        Assert.Throws<ObjectDisposedException>(() => batches.Take(new(0, 1)));
    }

    [Fact]
    public void Disposing_does_not_wait_for_a_batch_that_never_comes()
    {
        using var never = new ManualResetEventSlim();
        using var reached = new ManualResetEventSlim();
        Item? late = null;
        var batches = new BatchPrefetcher<Item>(p => { reached.Set(); never.Wait(); return late = new Item(p); }, default, PerEpoch, ahead: 1) { Patience = TimeSpan.FromMilliseconds(20) };
        reached.Wait();
        batches.Dispose();
        Assert.Null(late);
        never.Set();
        // Whoever made it frees it.
        Assert.True(SpinWait.SpinUntil(() => late?.Disposals == 1, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Tensors_go_to_the_scope_of_whoever_takes_the_batch()
    {
        Tensor? forgotten = null;
        using var batches = new BatchPrefetcher<TensorItem>(_ =>
        {
            var made = ones(3);
            // The next batch may be under way already.
            forgotten ??= made;
            return new TensorItem(made * 2);
        }, default, PerEpoch, ahead: 1);
        TensorItem item;
        using (NewDisposeScope())
        {
            item = batches.Take(default);
            Assert.Equal([2f, 2f, 2f], item.X.data<float>().ToArray());
        }
        Assert.True(item.X.IsInvalid);
        Assert.True(forgotten!.IsInvalid);
    }

    [Fact]
    public void Without_a_scope_the_batch_is_its_takers()
    {
        using var batches = new BatchPrefetcher<TensorItem>(_ => new TensorItem(ones(3)), default, PerEpoch, ahead: 1);
        var item = batches.Take(default);
        Assert.Equal(3, item.X.sum().item<float>());
        item.Dispose();
        Assert.True(item.X.IsInvalid);
    }

    [Fact]
    public void The_thread_that_makes_batches_computes_on_one_thread_and_leaves_the_others_theirs()
    {
        set_num_threads(2);
        try
        {
            int inside = 0, lateInside = 0, elsewhere = 0;
            using var batches = new BatchPrefetcher<Item>(p =>
            {
                inside = get_num_threads();
                // Large enough for libtorch to share it out.
                using var x = ones(1 << 20);
                using var y = x + 1;
                lateInside = get_num_threads();
                return new Item(p);
            }, default, PerEpoch, ahead: 1);
            batches.Take(default).Dispose();
            var other = new Thread(() => elsewhere = get_num_threads());
            other.Start();
            other.Join();
            Assert.Equal((1, 1), (inside, lateInside));
            Assert.Equal((2, 2), (get_num_threads(), elsewhere));
        }
        finally
        {
            set_num_threads(1);
        }
    }

    private sealed class Item(BatchPosition position) : IDisposable
    {
        public BatchPosition Position => position;

        public int Disposals { get; private set; }

        public void Dispose() => Disposals++;
    }

    private sealed record TensorItem(Tensor X) : IDisposable
    {
        public void Dispose() => X.Dispose();
    }
}
