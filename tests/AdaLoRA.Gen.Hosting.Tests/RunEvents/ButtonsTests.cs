using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class ButtonsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_paused_run_waits_writes_a_checkpoint_when_asked_and_goes_on_to_the_same_adapter()
    {
        using var undisturbed = new TemporaryFolder();
        Runs.Run(Runs.Options(undisturbed.Path));
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        TrainingRun run = null!;
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path), [new At(12, () => run.Pause())]);
        run = trainer.Run;
        var result = trainer.RunAsync();
        await Until(() => run.State == RunState.Paused);
        int told = run.History.Events.Count;
        await Task.Delay(150);
        Assert.Equal(told, run.History.Events.Count);
        run.CheckpointNow();
        await Until(() => run.History.Of<CheckpointRead>().Count == 1);
        Assert.True(File.Exists(folder.File("checkpoints/step-12/state.json")));
        Assert.Equal(RunState.Paused, run.State);
        run.Continue();
        Assert.False((await result).Interrupted);
        Assert.Equal([12], run.History.Of<RunContinued>().Select(e => e.Step));
        Assert.Equal(Runs.Bytes(undisturbed.File("adapter")), Runs.Bytes(folder.File("adapter")));
    }

    [Fact]
    public async Task Stop_leaves_a_checkpoint_from_which_the_run_ends_bit_equal()
    {
        using var undisturbed = new TemporaryFolder();
        Runs.Run(Runs.Options(undisturbed.Path));
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        TrainingRun run = null!;
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path), [new At(17, () => run.Stop())]);
        run = trainer.Run;
        var result = await trainer.RunAsync();
        Assert.True(result.Interrupted);
        Assert.Equal((17, RunState.Interrupted), (result.Steps, run.State));
        Runs.Run(Runs.Options(folder.Path, o => o.Resume = true));
        Assert.Equal(Runs.Bytes(undisturbed.File("adapter")), Runs.Bytes(folder.File("adapter")));
    }

    [Fact]
    public async Task Stop_reaches_a_paused_run()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        TrainingRun run = null!;
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path), [new At(3, () => run.Pause())]);
        run = trainer.Run;
        var result = trainer.RunAsync();
        await Until(() => run.State == RunState.Paused);
        run.Stop();
        Assert.Equal(3, (await result).Steps);
        Assert.True(File.Exists(folder.File("checkpoints/step-3/state.json")));
    }

    [Fact]
    public async Task Runs_take_turns_and_one_that_is_stopped_in_the_queue_leaves_no_trace()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        TrainingRun first = null!;
        var one = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.File("one")), [new At(3, () => first.Pause())]);
        first = one.Run;
        var running = one.RunAsync();
        await Until(() => first.State == RunState.Paused);
        using var other = new TinyModel();
        var two = new Trainer<TinyModel>(other, new TinyTask(), Runs.Options(folder.File("two")));
        var three = new Trainer<TinyModel>(other, new TinyTask(), Runs.Options(folder.File("three")));
        var queued = two.RunAsync();
        var last = three.RunAsync();
        Assert.Equal((RunState.Queued, RunState.Queued), (two.Run.State, three.Run.State));
        two.Run.Stop();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued);
        Assert.Equal(RunState.Interrupted, two.Run.State);
        Assert.False(Directory.Exists(folder.File("two")));
        Assert.Equal(RunState.Queued, three.Run.State);
        first.Continue();
        await running;
        Assert.False((await last).Interrupted);
    }

    internal static async Task Until(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "It did not happen within 30 s.");
            await Task.Delay(5);
        }
    }

    private sealed class At(int step, Action action) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e)
        {
            if (e.Step == step) action();
        }
    }
}
