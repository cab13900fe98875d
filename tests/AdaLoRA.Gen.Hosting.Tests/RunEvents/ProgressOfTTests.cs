using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class ProgressOfTTests
{
    [Fact]
    public async Task Every_event_is_reported_in_order_off_the_training_thread_before_the_task_completes()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path, o => (o.LogEvery, o.EvaluateEvery) = (2, 10)));
        var seen = new List<TrainingEvent>();
        var threads = new HashSet<string?>();
        var result = await trainer.RunAsync(new Reporter(e =>
        {
            Thread.Sleep(e is RunEnded ? 200 : 2);
            seen.Add(e);
            threads.Add(Thread.CurrentThread.Name);
        }));
        Assert.Equal(40, result.Steps);
        Assert.Equal(trainer.Run.History.Events, seen);
        Assert.DoesNotContain("Training TinyModel", threads);
        Assert.IsType<RunEnded>(seen[^1]);
    }

    [Fact]
    public async Task What_a_display_throws_is_told_and_costs_the_display_and_not_the_run()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        int calls = 0;
        var trainer = new Trainer<TinyModel>(model, new TinyTask { Training = (_, _, _) => Thread.Sleep(5) }, Runs.Options(folder.Path, o => o.LogEvery = 1));
        var result = await trainer.RunAsync(new Reporter(_ =>
        {
            if (++calls == 3) throw new InvalidOperationException("The window is closed.");
        }));
        Assert.Equal((40, 3), (result.Steps, calls));
        Assert.Contains(trainer.Run.History.Of<RunNotice>(), n => n.Text == "The progress of the run is no longer reported: InvalidOperationException: The window is closed.");
    }

    [Fact]
    public async Task It_ends_with_a_run_that_fails_even_twice_and_with_one_that_never_starts()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var seen = new List<TrainingEvent>();
        var failing = new TinyTask { Training = (_, epoch, _) => { if (epoch == 1) throw new InvalidDataException("torn"); } };
        await Assert.ThrowsAsync<InvalidDataException>(() => new Trainer<TinyModel>(model, failing, Runs.Options(folder.Path)).RunAsync(new Reporter(seen.Add)));
        Assert.Equal(RunState.Failed, Assert.IsType<RunEnded>(seen[^1]).State);
        // An observer that throws while the run fails brought the process down.
        seen.Clear();
        using var other = new TinyModel();
        await Assert.ThrowsAsync<InvalidDataException>(() => new Trainer<TinyModel>(other, failing, Runs.Options(folder.File("b")), [new ThrowsOnFailure()]).RunAsync(new Reporter(seen.Add)).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal("InvalidDataException: torn", Assert.IsType<RunEnded>(seen[^1]).Reason);

        // Run once more, or stopped before its turn: there is nothing to wait for.
        using var third = new TinyModel();
        var again = new Trainer<TinyModel>(third, new TinyTask(), Runs.Options(folder.File("c")));
        again.Run.Stop();
        Assert.True((await again.RunAsync(new Reporter(seen.Add)).WaitAsync(TimeSpan.FromSeconds(30))).Interrupted);
        await Assert.ThrowsAsync<AdaLoRAException>(() => again.RunAsync(new Reporter(seen.Add)).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private sealed class ThrowsOnFailure : ITrainingObserver
    {
        public void OnFailed(Exception exception) => throw new InvalidOperationException("once more");
    }

    private sealed class Reporter(Action<TrainingEvent> report) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value) => report(value);
    }
}
