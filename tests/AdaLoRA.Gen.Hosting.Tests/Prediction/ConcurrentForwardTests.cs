using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class ConcurrentForwardTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answers_of_many_threads_are_those_of_the_model_alone_to_the_last_bit(bool merged)
    {
        using var adapters = new TinyAdapters();
        var alone = TinyAdapters.Alone(adapters.Red, merged);
        await using var predictor = adapters.Predictor(o => (o.Merged, o.MaxConcurrency) = (merged, 8));
        await Parallel.ForEachAsync(Enumerable.Range(0, 4000), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, stop) =>
        {
            int input = i % TinyAdapters.Inputs;
            Assert.Equal(alone[input], await predictor.PredictAsync(model => TinyAdapters.Forward(model, input), stop));
        });
        Assert.Equal(new PredictorLoad(0, 0, 4000, 0, 0, 0), predictor.Load);
    }

    [Fact]
    public async Task A_forward_runs_without_gradients_and_in_evaluation_mode()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor();
        // A model that its factory left in training mode.
        Assert.Equal((false, false, false), await predictor.PredictAsync(model => (is_grad_enabled(), model.training, model.parameters().Any(p => p.requires_grad))));
    }

    [Fact]
    public async Task What_a_forward_leaves_lying_about_is_freed()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 1);
        await predictor.PredictAsync(model => TinyAdapters.Forward(model, 0));
        Tensor? kept = null;
        await predictor.PredictAsync(model => (kept = model.call(rand(3, TinyModel.In)) * 2).dim());
        Assert.True(kept!.IsInvalid);
        Assert.Null(await predictor.PredictAsync(_ => DisposeScopeManager.Statistics.ThreadTotalLiveCount == 0 ? null : $"{DisposeScopeManager.Statistics.ThreadTotalLiveCount} tensors live"));
    }

    [Fact]
    public async Task A_tensor_or_a_task_as_an_answer_is_refused_before_it_is_computed()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor();
        await Refused("must not answer with a Tensor", () => predictor.PredictAsync(model => model.call(rand(1, TinyModel.In))));
        await Refused("must not answer with a Tensor", () => predictor.PredictAsync(model => (1, new[] { model.call(rand(1, TinyModel.In)) })));
        await Refused("must not be asynchronous", () => predictor.PredictAsync(model => Task.FromResult(1)));
        Assert.Equal(0, predictor.Load.Completed);

        static async Task Refused(string sentence, Func<Task> ask) => Assert.Contains(sentence, (await Assert.ThrowsAsync<AdaLoRAException>(ask)).Message);
    }

    [Fact]
    public async Task What_a_forward_throws_is_its_callers_and_the_threads_live_on()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 1);
        await Assert.ThrowsAsync<InvalidDataException>(() => predictor.PredictAsync<TinyModel, int>(_ => throw new InvalidDataException()));
        Assert.Equal(TinyAdapters.Alone(adapters.Red)[0], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 0)));
        Assert.Equal(1, predictor.Load.Failed);
    }

    [Fact]
    public async Task Each_thread_computes_with_its_number_of_threads_and_the_process_keeps_its_own()
    {
        int before = OnNewThread();
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => (o.MaxConcurrency, o.Threads) = (2, 3));
        int[] seen = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => predictor.PredictAsync(_ => get_num_threads())));
        Assert.All(seen, n => Assert.Equal(3, n));
        Assert.Equal(before, OnNewThread());

        static int OnNewThread()
        {
            int threads = 0;
            var thread = new Thread(() => threads = get_num_threads());
            thread.Start();
            thread.Join();
            return threads;
        }
    }

    [Fact]
    public async Task The_callers_async_locals_go_along_and_do_not_stay_with_the_thread()
    {
        using var adapters = new TinyAdapters();
        await using var predictor = adapters.Predictor(o => o.MaxConcurrency = 1);
        var local = new AsyncLocal<string> { Value = "request 7" };
        // The first request starts the threads; a batch belongs to no request.
        Assert.Equal("request 7", await predictor.PredictAsync(_ => local.Value));
        Assert.Null(await new BatchQueue<TinyModel, int, string?>(predictor, new Reader(local)).PredictAsync(0));
        local.Value = "request 8";
        Assert.Equal("request 8", await predictor.PredictAsync(_ => local.Value));
    }

    private sealed class Reader(AsyncLocal<string> local) : IBatchForward<TinyModel, int, string?>
    {
        public IReadOnlyList<string?> Forward(TinyModel model, AdapterInfo adapter, IReadOnlyList<int> inputs) => [.. inputs.Select(_ => local.Value)];
    }
}
