using System.Collections.Concurrent;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class BatchQueueTests
{
    [Fact]
    public async Task Requests_that_wait_become_a_batch_and_each_gets_its_own_answer()
    {
        using var adapters = new TinyAdapters();
        var alone = TinyAdapters.Alone(adapters.Red);
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.MaxBatch) = (1, 5));
        var forward = new TinyBatchForward();
        var batches = new BatchQueue<TinyModel, int, float[]>(predictor, forward);
        await predictor.StartAsync();
        using var slow = new Blocker(predictor);
        var answers = Enumerable.Range(0, 12).Select(i => batches.PredictAsync(i)).ToArray();
        slow.Go();
        for (int i = 0; i < answers.Length; i++) Close(alone[i], await answers[i]);
        Assert.Equal([5, 5, 2], forward.Sizes);
        await slow.Request;
        Assert.Equal(13, predictor.Load.Completed);
    }

    [Fact]
    public async Task Under_load_and_swaps_a_batch_is_of_one_adapter_and_none_is_lost()
    {
        using var adapters = new TinyAdapters();
        var alone = new[] { adapters.Red, adapters.Blue }.ToDictionary(f => f, TinyAdapters.AloneUnmerged);
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 2);
        var forward = new TinyBatchForward();
        var batches = new BatchQueue<TinyModel, int, (string Folder, float[] Answer)>(predictor, forward);
        using var done = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 16).Select(client => Task.Run(async () =>
        {
            for (int i = client; !done.IsCancellationRequested; i++)
            {
                var (folder, answer) = await batches.PredictAsync(i % TinyAdapters.Inputs);
                Close(alone[folder][i % TinyAdapters.Inputs], answer);
            }
        })).ToArray();
        for (int swap = 0; swap < 100; swap++) await predictor.SwapAsync(swap % 2 == 0 ? adapters.Blue : adapters.Red);
        await done.CancelAsync();
        await Task.WhenAll(clients);
        Assert.Contains(forward.Sizes, size => size > 1);
        Assert.Equal((0L, 0L, 0, 0), (predictor.Load.Failed, predictor.Load.Refused, predictor.Load.Waiting, predictor.Load.Running));
        Assert.Equal(forward.Sizes.Sum(), predictor.Load.Completed);
    }

    [Fact]
    public async Task A_bad_request_fails_alone()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.BatchDelay) = (1, TimeSpan.FromMilliseconds(300)));
        var batches = new BatchQueue<TinyModel, int, float[]>(predictor, new TinyBatchForward());
        await predictor.StartAsync();
        Task<float[]>[] answers = [batches.PredictAsync(1), batches.PredictAsync(-1), batches.PredictAsync(2)];
        await Assert.ThrowsAsync<IndexOutOfRangeException>(() => answers[1]);
        var alone = TinyAdapters.Alone(adapters.Red);
        Close(alone[1], await answers[0]);
        Close(alone[2], await answers[2]);
        Assert.Equal((2, 1), (predictor.Load.Completed, predictor.Load.Failed));
    }

    [Fact]
    public async Task A_delay_gathers_and_a_full_batch_does_not_wait()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.MaxBatch, o.BatchDelay) = (2, 3, TimeSpan.FromSeconds(1)));
        var forward = new TinyBatchForward();
        var batches = new BatchQueue<TinyModel, int, float[]>(predictor, forward);
        await predictor.StartAsync();
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await Task.WhenAll(batches.PredictAsync(0), batches.PredictAsync(1), batches.PredictAsync(2));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(0.9), $"{clock.Elapsed}");
        Assert.Equal([3], forward.Sizes);
        clock.Restart();
        await Task.WhenAll(batches.PredictAsync(0), batches.PredictAsync(1));
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(0.9), $"{clock.Elapsed}");
        Assert.Equal([3, 2], forward.Sizes);
    }

    [Fact]
    public async Task As_many_answers_as_requests_or_a_sentence()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor();
        var batches = new BatchQueue<TinyModel, int, int>(predictor, new Forgetful());
        Assert.Equal("Forgetful gave 0 answers to 1 requests; it must give one for each, in their order.", (await Assert.ThrowsAsync<AdaLoRAException>(() => batches.PredictAsync(0))).Message);
        Assert.Throws<AdaLoRAException>(() => new BatchQueue<TinyModel, int, Tensor>(predictor, null!));
    }

    [Fact]
    public async Task Waiting_requests_of_batches_count_against_the_limit_and_can_give_up()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.QueueLimit) = (1, 2));
        var forward = new TinyBatchForward();
        var batches = new BatchQueue<TinyModel, int, float[]>(predictor, forward);
        await predictor.StartAsync();
        using var slow = new Blocker(predictor);
        using var givesUp = new CancellationTokenSource();
        var (first, second) = (batches.PredictAsync(0, givesUp.Token), batches.PredictAsync(1));
        await Assert.ThrowsAsync<PredictorUnavailableException>(() => batches.PredictAsync(2).WaitAsync(Blocker.Patience));
        await givesUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Blocker.Patience));
        slow.Go();
        await second;
        Assert.Equal([1], forward.Sizes);
    }

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5);
    }

    private sealed class Forgetful : IBatchForward<TinyModel, int, int>
    {
        public IReadOnlyList<int> Forward(TinyModel model, AdapterInfo adapter, IReadOnlyList<int> inputs) => [];
    }

    private sealed class TinyBatchForward : IBatchForward<TinyModel, int, float[]>, IBatchForward<TinyModel, int, (string Folder, float[] Answer)>
    {
        public ConcurrentQueue<int> Sizes { get; } = new();

        public IReadOnlyList<float[]> Forward(TinyModel model, AdapterInfo adapter, IReadOnlyList<int> inputs)
        {
            Sizes.Enqueue(inputs.Count);
            return TinyAdapters.Forward(model, inputs);
        }

        IReadOnlyList<(string Folder, float[] Answer)> IBatchForward<TinyModel, int, (string Folder, float[] Answer)>.Forward(TinyModel model, AdapterInfo adapter, IReadOnlyList<int> inputs) =>
            [.. Forward(model, adapter, inputs).Select(answer => (adapter.Folder, answer))];
    }
}
