using System.Collections.Concurrent;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

public class PrefetchTests
{
    // Dropout in model and adapters: what is drawn shows in the result.
    private static TrainingOptions Options(string folder, int prefetch, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        (o.Prefetch, o.EvaluateEvery, o.GradientAccumulation) = (prefetch, 10, 2);
        configure?.Invoke(o);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_run_with_batches_made_ahead_is_the_same_run(int ahead)
    {
        using var folder = new TemporaryFolder();
        var plain = Runs.Run(Options(folder.File("plain"), 0));
        var task = new WatchedTask();
        var made = Runs.Run(Options(folder.File("ahead"), ahead), task);
        Assert.Equal(Runs.Bytes(plain.AdapterFolder), Runs.Bytes(made.AdapterFolder));
        Assert.Equal(plain.LastLoss, made.LastLoss);
        // Made on another thread, but for the dry run's, and the one that shows that it draws nothing.
        Assert.Equal("Training TinyModel", task.Threads.First());
        Assert.Equal(80, task.Threads.Skip(2).Take(80).Count(name => name == "Batches ahead"));
        Assert.InRange(task.Threads.Count, 82, 82 + ahead);
    }

    [Fact]
    public void A_resumed_run_goes_on_bit_for_bit_however_many_are_made_ahead()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole"), 0));
        var stopped = Runs.RunUntil(17, Options(folder.File("two"), 3));
        Assert.Equal(17, stopped.Steps);
        var resumed = Runs.Run(Options(folder.File("two"), 2, o => o.Resume = true));
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
    }

    [Fact]
    public void Making_batches_overlaps_with_the_steps()
    {
        using var folder = new TemporaryFolder();
        TrainingResult Run(int prefetch) => Runs.Run(Runs.Options(folder.File($"{prefetch}"), o => o.Prefetch = prefetch), new WatchedTask { Making = (_, _) => Thread.Sleep(20), Training = (_, _, _) => Thread.Sleep(20) });
        // 40 ms a step in turn, 20 ms beside each other; other work on the machine hits both.
        double apart = Run(0).Seconds, beside = Run(2).Seconds;
        Assert.True(beside < 0.8 * apart, $"{beside} s beside the steps, {apart} s in turn");
    }

    [Theory]
    [InlineData(0, 40, 0, "set Prefetch to 2")]
    [InlineData(2, 40, 0, "make GetBatch cheaper")]
    [InlineData(2, 5, 40, null)]
    public async Task Batches_that_are_late_are_told_once(int prefetch, int making, int training, string? advice)
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var task = new WatchedTask { Making = (_, _) => Thread.Sleep(making), Training = (_, _, _) => Thread.Sleep(training) };
        var trainer = new Trainer<TinyModel>(model, task, Runs.Options(folder.Path, o => (o.Prefetch, o.LogEvery) = (prefetch, 1)));
        await trainer.RunAsync();
        var notices = trainer.Run.History.Of<RunNotice>().Where(n => n.Text.StartsWith("Batches are late: the steps waited for GetBatch in ", StringComparison.Ordinal)).ToList();
        if (advice is null) Assert.Empty(notices);
        else Assert.Contains(advice, Assert.Single(notices).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Skipped_steps_go_on_with_the_next_data()
    {
        using var folder = new TemporaryFolder();
        var plain = Runs.Run(Runs.Options(folder.File("plain")), new PoisonedTask(4, 5, 9));
        var ahead = Runs.Run(Runs.Options(folder.File("ahead"), o => o.Prefetch = 2), new PoisonedTask(4, 5, 9));
        Assert.Equal((plain.SkippedSteps, 3), (ahead.SkippedSteps, ahead.SkippedSteps));
        Assert.Equal(Runs.Bytes(plain.AdapterFolder), Runs.Bytes(ahead.AdapterFolder));
    }

    [Fact]
    public async Task A_batch_that_cannot_be_made_fails_the_run_and_is_named()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var task = new WatchedTask { Making = (epoch, index) => { if ((epoch, index) == (1, 2)) throw new InvalidDataException("row 7 is torn"); } };
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, task, Options(folder.Path, 2)).RunAsync());
        Assert.Equal("Batch 2 of epoch 1 could not be made: row 7 is torn", e.Message);
    }

    [Fact]
    public void A_slow_batch_holds_no_cancelled_run_up()
    {
        using var folder = new TemporaryFolder();
        var task = new WatchedTask { Making = (_, index) => { if (index > 1) Thread.Sleep(100); } };
        var stopped = Runs.RunUntil(3, Options(folder.Path, 8), task);
        Assert.Equal((true, 3), (stopped.Interrupted, stopped.Steps));
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var folder = new TemporaryFolder();
        // A temporary that the task forgets lives as long as its step, as it does without prefetching.
        var task = new WatchedTask { Making = (_, _) => _ = ones(5) };
        // TorchSharp counts every Parameter twice and takes it off once, so a model's count is not 0 when it is gone: the runs are compared.
        long start = Live();
        Runs.Run(Options(folder.File("plain"), 0), task);
        long plain = Live();
        var live = new List<long>();
        Runs.Run(Options(folder.File("ahead"), 3, o => o.Steps = 60), task, default, new OnEachStep(() => live.Add(Tensor.TotalCount)));
        Assert.Equal(plain - start, Live() - plain);
        // Never more than what lies ready, three times X, Y and the forgotten one, comes and goes between two steps.
        Assert.InRange(live.Skip(20).Max() - live.Skip(20).Min(), 0, 9);
    }

    [Fact]
    public async Task A_task_that_draws_from_the_default_generator_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var task = new WatchedTask { Making = (_, _) => rand(1).Dispose() };
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, task, Options(folder.Path, 2)).RunAsync());
        Assert.StartsWith("WatchedTask.GetBatch draws from torch's default generator", e.Message, StringComparison.Ordinal);
        var own = new WatchedTask { Making = (epoch, index) => { using var generator = new Generator((ulong)(100 * epoch + index)); rand([1], generator: generator).Dispose(); } };
        Assert.Equal(40, Runs.Run(Options(folder.File("own"), 2), own).Steps);
    }

    [Fact]
    public async Task A_task_without_batches_of_its_own_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, new BareTask(), Options(folder.Path, 2)).RunAsync());
        Assert.Equal("Prefetch is 2, but BareTask makes its batches inside Loss; derive it from TrainingTask, or set Prefetch to 0.", e.Message);
    }

    private static long Live()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        return Tensor.TotalCount;
    }

    private sealed class WatchedTask : TinyTask
    {
        public ConcurrentQueue<string?> Threads { get; } = new();

        public Action<int, int>? Making { get; init; }

        public override TinyBatch GetBatch(int epoch, int index)
        {
            Threads.Enqueue(Thread.CurrentThread.Name);
            Making?.Invoke(epoch, index);
            return base.GetBatch(epoch, index);
        }
    }

    private sealed class BareTask : ITrainingTask<TinyModel>
    {
        public int BatchesPerEpoch => 4;

        public void Prepare(TinyModel model, TrainingContext context) { }

        public Tensor Loss(TinyModel model, int epoch, int index) => model.call(ones(2, TinyModel.In)).square().mean();

        public Evaluation Evaluate(TinyModel model, CancellationToken cancellationToken) => new("error", 0);
    }

    private sealed class OnEachStep(Action action) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e) => action();
    }
}
