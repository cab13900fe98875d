using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests;

public class EarlyStoppingTests
{
    // 40 steps, the budget is reached at step 20.
    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        (o.EvaluateEvery, o.Patience, o.KeepBest) = (4, 2, true);
        configure?.Invoke(o);
    });

    private static TinyTask Always(double value) => new() { Metric = _ => value };

    [Fact]
    public async Task A_run_that_gets_no_better_is_finished_within_its_budget_and_says_why()
    {
        using var folder = new TemporaryFolder();
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(b => b.AddProvider(log));
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, Always(1), Options(folder.Path), [new LoggingObserver(loggers)]);
        var result = await trainer.RunAsync();
        const string Reason = "2 evaluations in a row were no better than error 1 of step 20";
        Assert.Equal((28, 40, false, Reason), (result.Steps, result.TotalSteps, result.Interrupted, result.StoppedEarly));
        Assert.Equal((20, 1.0), (result.Best!.Step, result.Final!.Value));
        Assert.Equal(4, result.Ranks.Values.Sum());
        Assert.True(File.Exists(folder.File("adapter/adapter_config.json")) && File.Exists(folder.File("best/adapter_config.json")));
        Assert.False(Directory.Exists(folder.File("checkpoints")));
        Assert.Equal(RunState.Finished, trainer.Run.State);
        Assert.Equal($"The run stopped early: {Reason}.", Assert.Single(trainer.Run.History.Of<RunNotice>()).Text);
        Assert.Contains(log.Entries, e => e is { Level: LogLevel.Information, Id.Name: "StoppedEarly" } && e.Text == $"Training of TinyModel stopped early at step 28 of 40: {Reason}");
        Assert.StartsWith($"stopped early at step 28 of 40, since {Reason}: in ", ProgressText.Finished(result, false), StringComparison.Ordinal);
        Assert.Contains(Reason, File.ReadAllText(folder.File("metrics.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_when_told_so_does_an_evaluation_count_before_the_budget_is_reached()
    {
        using var folder = new TemporaryFolder();
        var result = Runs.Run(Options(folder.Path, o => (o.BestWithinBudget, o.Patience) = (false, 1)), Always(1));
        Assert.Equal((8, 4), (result.Steps, result.Best!.Step));
        Assert.True(result.Ranks.Values.Sum() > 4);
    }

    [Fact]
    public void The_best_adapter_keeps_within_the_budget()
    {
        using var folder = new TemporaryFolder();
        // Best of all at step 8, with all triplets.
        TinyTask Task()
        {
            int n = 0;
            return new TinyTask { Metric = _ => ++n == 2 ? 0 : 1.0 / n };
        }
        var result = Runs.Run(Options(folder.File("within"), o => o.Patience = 0), Task());
        Assert.Equal(40, result.Best!.Step);
        Assert.Equal(4, Triplets(result.BestFolder!));
        result = Runs.Run(Options(folder.File("without"), o => (o.Patience, o.BestWithinBudget) = (0, false)), Task());
        Assert.Equal(8, result.Best!.Step);
        Assert.True(Triplets(result.BestFolder!) > 4);
    }

    [Fact]
    public void A_run_that_is_cut_stops_where_the_whole_one_does_with_the_same_adapter()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")), Always(1));
        foreach (int cut in (int[])[3, 22, 24, 27])
        {
            Runs.RunUntil(cut, Options(folder.File("two")), Always(1));
            var resumed = Runs.Run(Options(folder.File("two")), Always(1));
            Assert.Equal((28, whole.StoppedEarly), (resumed.Steps, resumed.StoppedEarly));
            Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
            Assert.Equal(Runs.Bytes(whole.BestFolder!), Runs.Bytes(resumed.BestFolder!));
            Assert.Equal(["step-28"], Runs.Checkpoints(folder.File("two")));
        }
    }

    [Fact]
    public void A_run_that_stopped_early_is_complete_and_more_patience_takes_it_on()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Runs.Options(folder.File("whole")));
        var stopped = Runs.Run(Options(folder.Path, o => o.CheckpointEvery = 10), Always(1));
        Assert.Equal(["step-20", "step-28"], Runs.Checkpoints(folder.Path));
        string metrics = File.ReadAllText(folder.File("metrics.json"));

        var recorder = new Recorder();
        var again = Runs.Run(Options(folder.Path, o => (o.CheckpointEvery, o.Resume) = (10, true)), Always(1), default, recorder);
        Assert.Empty(recorder.Steps);
        Assert.True(recorder.Finished!.WasComplete);
        Assert.Equal(stopped.StoppedEarly, again.StoppedEarly);
        Assert.Equal(metrics, File.ReadAllText(folder.File("metrics.json")));

        var further = Runs.Run(Options(folder.Path, o => (o.CheckpointEvery, o.Resume, o.Patience) = (10, true, 0)), Always(1));
        Assert.Equal((40, null), (further.Steps, further.StoppedEarly));
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(further.AdapterFolder));
        Runs.Run(Options(folder.File("other"), o => o.CheckpointEvery = 10), Always(1));

        // And by default it is replaced.
        recorder = new Recorder();
        Runs.Run(Options(folder.File("other"), o => (o.CheckpointEvery, o.LearningRate) = (10, 0.01)), Always(1), default, recorder);
        Assert.Equal(28, recorder.Steps.Count);
    }

    [Theory]
    [InlineData(0, "5 4 3 2 1", null)]
    [InlineData(0, "5 4 4 4", "2 evaluations in a row were no better than error 4 of step 2")]
    [InlineData(0, "5 4 4 3 3", null)]
    [InlineData(0, "5 6 4 6", null)]
    [InlineData(0.5, "5 4.9 4.8", "2 evaluations in a row were no better than error 5 of step 1 by more than 0.5")]
    // Two small improvements make a large one.
    [InlineData(0.5, "5 4.7 4.4", null)]
    [InlineData(0.5, "5 4.5 4", null)]
    [InlineData(0, "NaN", null)]
    [InlineData(0, "NaN NaN", "the last 2 evaluations were not finite numbers")]
    [InlineData(0, "5 NaN Infinity", "2 evaluations in a row were no better than error 5 of step 1")]
    [InlineData(0, "NaN 5 4", null)]
    public void Patience_counts_evaluations_without_improvement(double minDelta, string values, string? reason)
    {
        var options = new TrainingOptions { Patience = 2, MinDelta = minDelta };
        EvaluationAt[] Of(bool higherIsBetter) =>
            [.. values.Split(' ').Select((v, i) => new EvaluationAt(i + 1, new Evaluation("error", double.Parse(v, System.Globalization.CultureInfo.InvariantCulture) * (higherIsBetter ? -1 : 1), higherIsBetter)))];
        Assert.Equal(reason, new EarlyStopping(options, 1).Reason(Of(false)));
        Assert.Equal(reason is null, new EarlyStopping(options, 1).Reason(Of(true)) is null);
        options.Patience = 0;
        Assert.Null(new EarlyStopping(options, 1).Reason(Of(false)));
    }

    [Theory]
    [InlineData(true, "0.5 0.9", "acc 0.9 has reached StopAtValue 0.9")]
    [InlineData(true, "0.9 0.5", null)]
    [InlineData(true, "0.5 Infinity", null)]
    [InlineData(false, "2 0.9", "acc 0.9 has reached StopAtValue 0.9")]
    [InlineData(false, "0.5 2", null)]
    public void A_value_that_is_good_enough_ends_the_run(bool higherIsBetter, string values, string? reason)
    {
        EvaluationAt[] evaluations = [.. values.Split(' ').Select((v, i) => new EvaluationAt(i + 1, new Evaluation("acc", double.Parse(v, System.Globalization.CultureInfo.InvariantCulture), higherIsBetter)))];
        Assert.Equal(reason, new EarlyStopping(new TrainingOptions { StopAtValue = 0.9 }, 1).Reason(evaluations));
        Assert.Null(new EarlyStopping(new TrainingOptions { StopAtValue = 0.9 }, 3).Reason(evaluations));
    }

    private static int Triplets(string folder)
    {
        using var model = new TinyModel();
        return model.LoadAdapter(folder).TotalRank;
    }
}
