using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class RunEventsTests
{
    [Fact]
    public async Task A_reader_gets_every_event_in_order_and_the_log_holds_the_same()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path, o => (o.LogEvery, o.EvaluateEvery, o.CheckpointEvery) = (5, 20, 20)));
        var reading = Read(trainer.Run);
        var result = await trainer.RunAsync();
        var events = await reading;
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(e => e.Number));
        var started = Assert.IsType<RunStarted>(events[0]);
        Assert.Equal(("TinyModel", 40, "cpu"), (started.Name, started.TotalSteps, started.Device));
        Assert.Equal(["first", "second"], started.Targets.Select(t => t.Path));
        Assert.Equal([5, 10, 15, 20, 25, 30, 35, 40], events.OfType<LossRead>().Select(e => e.Step));
        Assert.Equal(result.LastLoss, events.OfType<LossRead>().Last().Loss);
        Assert.True(events.OfType<LossRead>().Last().GradientNorm > 0);
        Assert.Equal([4, 4], events.OfType<RanksRead>().First().Ranks);
        Assert.Equal(result.Ranks.Values, events.OfType<RanksRead>().Last().Ranks);
        var importances = events.OfType<RanksRead>().Last().Importances!;
        Assert.Equal(8, importances.Count);
        Assert.Equal(importances.OrderDescending(), importances);
        Assert.True(importances[0] > 0);
        Assert.Equal([20, 40], events.OfType<EvaluationRead>().Select(e => e.Step));
        Assert.Equal([20, 40], events.OfType<CheckpointRead>().Select(e => e.Step));
        var ended = Assert.IsType<RunEnded>(events[^1]);
        Assert.Equal((RunState.Finished, RunState.Finished), (ended.State, trainer.Run.State));
        Assert.Equal(result.Final, ended.Result!.Final);

        string file = Assert.Single(RunLog.Find(folder.Path));
        Assert.Equal(RunLog.PathOf(folder.Path, started.Run), file);
        Assert.Equal(events.Select(Text), RunHistory.Read(file).Events.Select(Text));
        Assert.Equal(events.Select(Text), (await Read(trainer.Run)).Select(Text));
    }

    [Fact]
    public void A_run_that_goes_on_keeps_its_log_and_withdraws_what_was_undone()
    {
        using var folder = new TemporaryFolder();
        var options = Runs.Options(folder.Path, o => (o.LogEvery, o.CheckpointEvery) = (1, 10));
        // The task dies at step 26: what was told of steps 21 to 25 is trained again.
        int calls = 0;
        Assert.ThrowsAny<InvalidDataException>(() => Runs.Run(options, new TinyTask { Training = (_, _, _) => { if (++calls == 27) throw new InvalidDataException("torn"); } }));
        string file = Assert.Single(RunLog.Find(folder.Path));
        var before = RunHistory.Read(file);
        Assert.Equal(RunState.Failed, before.Ended!.State);
        Assert.Equal("InvalidDataException: torn", before.Ended.Reason);
        Assert.Equal(25, before.Of<LossRead>().Count);

        File.AppendAllText(file, "{\"type\":\"loss\",\"step\":2");
        options.Resume = true;
        Runs.Run(options);
        Assert.Equal(file, Assert.Single(RunLog.Find(folder.Path)));
        var after = RunHistory.Read(file);
        Assert.Equal(Enumerable.Range(1, 40), after.Of<LossRead>().Select(e => e.Step));
        Assert.Equal(RunState.Finished, after.Ended!.State);
        Assert.Equal(20, after.Started!.Step);
        Assert.Equal(before.Started!.Run, after.Started.Run);
    }

    [Fact]
    public async Task A_reader_that_falls_behind_is_told_how_much_it_missed_and_training_does_not_wait()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path, o => o.LogEvery = 1));
        await using var slow = trainer.Run.ReadEventsAsync(capacity: 3).GetAsyncEnumerator();
        var first = slow.MoveNextAsync();
        await trainer.RunAsync();
        var seen = new List<TrainingEvent>();
        for (bool more = await first; more; more = await slow.MoveNextAsync()) seen.Add(slow.Current);
        long missed = seen.OfType<EventsMissed>().Sum(e => e.Count);
        Assert.True(missed > 30);
        Assert.Equal(trainer.Run.History.Events.Count, seen.Count(e => e is not EventsMissed) + missed);
        Assert.IsType<RunEnded>(seen[^1]);
    }

    [Fact]
    public void Without_RunLog_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Runs.Options(folder.Path, o => o.RunLog = false));
        Assert.Empty(RunLog.Find(folder.Path));
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_costs_the_log_and_not_the_run()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("runs"), "a file where the folder should be");
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path));
        Assert.False((await trainer.RunAsync()).Interrupted);
        Assert.Contains(trainer.Run.History.Of<RunNotice>(), n => n.Text.StartsWith("The run's log cannot be written", StringComparison.Ordinal));
    }

    [Fact]
    public void A_history_stays_bounded_and_keeps_both_ends()
    {
        var history = new RunHistory();
        for (int i = 1; i <= 20_000; i++) history.Add(new LossRead { Step = i, Loss = i, Epoch = 0, LearningRate = 0, Budget = 0 });
        var kept = history.Of<LossRead>();
        Assert.InRange(kept.Count, 2000, 4096);
        Assert.Equal((1, 20_000), (kept[0].Step, kept[^1].Step));
        Assert.Equal(kept.Select(e => e.Step).Order().Distinct(), kept.Select(e => e.Step));
    }

    internal static async Task<List<TrainingEvent>> Read(TrainingRun run)
    {
        var events = new List<TrainingEvent>();
        await foreach (var e in run.ReadEventsAsync()) events.Add(e);
        return events;
    }

    private static string Text(TrainingEvent e) => System.Text.Encoding.UTF8.GetString(RunLog.ToJson(e));
}
