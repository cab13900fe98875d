using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>A step whose gradient is not finite is as if it had not been taken.</summary>
public class SkippedStepTests
{
    // Two in a row, one in the place of a step with an evaluation and a checkpoint, one after such a step, and one in the place of the last.
    private static readonly int[] Bad = [3, 4, 11, 23, 43];

    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        (o.EvaluateEvery, o.CheckpointEvery, o.KeepBest, o.Adapter.Dropout, o.LogEvery) = (10, 10, true, 0, 1);
        configure?.Invoke(o);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_run_ends_as_one_without_the_bad_batches(bool compact)
    {
        using var folder = new TemporaryFolder();
        var clean = new Recorder();
        var without = Runs.Run(Options(folder.File("without"), o => o.Adapter.Compact = compact), new PoisonedTask(Bad) { LeaveOut = true }, default, clean);
        var recorder = new Recorder();
        var task = new PoisonedTask(Bad);
        var with = Runs.Run(Options(folder.File("with"), o => o.Adapter.Compact = compact), task, default, recorder);

        Assert.Equal(Runs.Bytes(without.AdapterFolder), Runs.Bytes(with.AdapterFolder));
        Assert.Equal(Runs.Bytes(without.BestFolder!), Runs.Bytes(with.BestFolder!));
        Assert.Equal((40, 5), (with.Steps, with.SkippedSteps));
        Assert.Equal(45 - 1, task.Asked.Max());
        Assert.Equal(clean.Steps.Select(s => (s.Step, s.LearningRate, s.Budget, s.Loss)), recorder.Steps.Select(s => (s.Step, s.LearningRate, s.Budget, s.Loss)));
        Assert.Equal(clean.Evaluations.Select(e => (e.Step, e.Evaluation.Value)), recorder.Evaluations.Select(e => (e.Step, e.Evaluation.Value)));
        Assert.Equal([10, 20, 30, 40], recorder.Checkpoints.Select(e => e.Step));
        Assert.Equal(clean.Allocations.Select(a => a.Step), recorder.Allocations.Select(a => a.Step));
        Assert.Equal([new(3, 40, 1, 1), new(3, 40, 2, 2), new(9, 40, 3, 1), new(20, 40, 4, 1), new(39, 40, 5, 1)], recorder.Skipped);
    }

    [Fact]
    public void Learnt_one_step_late_it_ends_the_same()
    {
        using var folder = new TemporaryFolder();
        // A rate that does not change: late, the step after a skipped one takes the rate of the step after it.
        byte[] Run(string name, bool leaveOut, Recorder recorder) => Runs.Bytes(
            Runs.RunLate(Options(folder.File(name), o => (o.Schedule, o.LogEvery) = (ScheduleKind.Constant, 7)), new PoisonedTask(Bad) { LeaveOut = leaveOut }, recorder).AdapterFolder);
        Recorder recorder = new(), clean = new();
        Assert.Equal(Run("without", true, clean), Run("with", false, recorder));
        Assert.Equal(5, recorder.Skipped.Count);
        Assert.Equal(Enumerable.Range(1, 40), recorder.Steps.Select(s => s.Step));
        Assert.Equal(clean.Evaluations.Select(e => (e.Step, e.Evaluation.Value)), recorder.Evaluations.Select(e => (e.Step, e.Evaluation.Value)));
        Assert.Equal([10, 20, 30, 40], recorder.Checkpoints.Select(e => e.Step));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(31)]
    public void A_run_that_stops_after_a_skipped_step_goes_on_bit_for_bit(int step)
    {
        using var folder = new TemporaryFolder();
        // With dropout, whose draws depend on the attempt.
        static void Dropout(TrainingOptions o) => (o.Adapter.Dropout, o.CheckpointEvery) = (0.2, 0);
        var whole = Runs.Run(Options(folder.File("whole"), Dropout), new PoisonedTask(Bad));
        var stopped = Runs.RunUntil(step, Options(folder.File("two"), Dropout), new PoisonedTask(Bad));
        Assert.Equal((step, true), (stopped.Steps, stopped.Interrupted));
        var resumed = Runs.Run(Options(folder.File("two"), o =>
        {
            Dropout(o);
            o.Resume = true;
        }), new PoisonedTask(Bad));
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
        Assert.Equal((40, 5), (resumed.Steps, resumed.SkippedSteps));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ten_in_a_row_end_the_run_with_a_checkpoint_to_go_on_from(bool late)
    {
        using var folder = new TemporaryFolder();
        int[] nine = [.. Enumerable.Range(5, 9)];
        var task = new PoisonedTask(nine) { BadFrom = 24 };
        var options = Options(folder.Path, o => (o.EvaluateEvery, o.Schedule) = (0, ScheduleKind.Constant));
        var recorder = new Recorder();
        // Nine in a row are survived: batches 14 to 23 are steps 6 to 15.
        var e = Assert.Throws<AdaLoRAException>(() => late ? Runs.RunLate(options, task, recorder) : Runs.Run(options, task, default, recorder));
        string checkpoint = folder.File("checkpoints/step-15");
        Assert.StartsWith("After step 15 of 40 the gradients of 1", e.Message, StringComparison.Ordinal);
        Assert.Contains($"'{checkpoint}' holds the last good state: check the data and the loss and start again to go on from it", e.Message, StringComparison.Ordinal);
        Assert.Contains("lower LearningRate", e.Message, StringComparison.Ordinal);
        Assert.Same(e, recorder.Error);
        Assert.Equal(["step-10", "step-15"], Runs.Checkpoints(folder.Path));

        // The data were mended: the run goes on behind what was bad.
        var mended = new PoisonedTask();
        var resumed = Runs.Run(Options(folder.Path, o => (o.EvaluateEvery, o.Schedule, o.Resume) = (0, ScheduleKind.Constant, true)), mended);
        Assert.Equal(40, resumed.Steps);
        Assert.Equal(resumed.SkippedSteps, mended.Asked[0] - 15);
        Assert.InRange(resumed.SkippedSteps, 19, late ? 20 : 19);
    }

    [Fact]
    public void A_good_step_under_way_when_the_tenth_becomes_known_saves_the_run()
    {
        using var folder = new TemporaryFolder();
        var task = new PoisonedTask([.. Enumerable.Range(5, 10)]);
        Assert.Equal((40, 10), Runs.RunLate(Options(folder.Path, o => (o.Schedule, o.LogEvery) = (ScheduleKind.Constant, 7)), task) is var r ? (r.Steps, r.SkippedSteps) : default);
    }

    [Fact]
    public void Ten_in_a_row_after_a_checkpoint_of_that_step_replace_it()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path), new PoisonedTask { BadFrom = 20 }));
        Assert.Equal(["step-10", "step-20"], Runs.Checkpoints(folder.Path));
        var mended = new PoisonedTask();
        Runs.Run(Options(folder.Path, o => o.Resume = true), mended);
        Assert.Equal(30, mended.Asked[0]);
    }

    [Fact]
    public void A_skipped_step_is_one_warning()
    {
        using var folder = new TemporaryFolder();
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(b => b.AddProvider(log));
        Runs.Run(Options(folder.Path), new PoisonedTask(Bad), default, new LoggingObserver(loggers));
        var warnings = log.Entries.Where(e => e.Level == LogLevel.Warning).ToList();
        Assert.Equal(5, warnings.Count);
        Assert.StartsWith("A step after step 3 changed nothing, since a gradient was not finite (2 in a row, 2 in all)", warnings[1].Text, StringComparison.Ordinal);
    }
}
