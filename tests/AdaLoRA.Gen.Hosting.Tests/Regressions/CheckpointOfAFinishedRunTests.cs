using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>Without CheckpointEvery the checkpoint of an interruption outlives the run that went on from it to the end, and is taken for an unfinished run.</summary>
public class CheckpointOfAFinishedRunTests
{
    [Fact]
    public void A_run_that_was_interrupted_and_then_finished_can_be_followed_by_a_fresh_one()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(15, Runs.Options(folder.Path));
        var finished = Runs.Run(Runs.Options(folder.Path, o => o.Resume = true));
        Assert.False(finished.Interrupted);
        // Says "holds a run that stopped at step 15 of 40", which it does not.
        var fresh = Runs.Run(Runs.Options(folder.Path));
        Assert.Equal(40, fresh.Steps);
    }

    [Fact]
    public void Resuming_a_finished_run_trains_nothing_again()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(15, Runs.Options(folder.Path));
        Runs.Run(Runs.Options(folder.Path, o => o.Resume = true));
        var recorder = new Recorder();
        Runs.Run(Runs.Options(folder.Path, o => o.Resume = true), null, default, recorder);
        Assert.Empty(recorder.Steps);
    }

    [Fact]
    public void Resuming_a_finished_run_keeps_its_last_loss()
    {
        using var folder = new TemporaryFolder();
        var finished = Runs.Run(Runs.Options(folder.Path, o => o.CheckpointEvery = 10));
        var again = Runs.Run(Runs.Options(folder.Path, o => (o.Resume, o.CheckpointEvery) = (true, 10)));
        Assert.Equal(finished.LastLoss, again.LastLoss);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void Resuming_a_finished_run_leaves_its_metrics_and_says_so(int checkpointEvery)
    {
        using var folder = new TemporaryFolder();
        void Configure(TrainingOptions o, bool resume) => (o.EvaluateEvery, o.KeepBest, o.CheckpointEvery, o.Resume) = (10, true, checkpointEvery, resume);
        Runs.RunUntil(25, Runs.Options(folder.Path, o => Configure(o, false)));
        Runs.Run(Runs.Options(folder.Path, o => Configure(o, true)));
        string metrics = File.ReadAllText(folder.File("metrics.json"));
        var recorder = new Recorder();
        Runs.Run(Runs.Options(folder.Path, o => Configure(o, true)), null, default, recorder);
        Assert.Equal(metrics, File.ReadAllText(folder.File("metrics.json")));
        Assert.True(recorder.Finished!.WasComplete);
        Assert.StartsWith("already complete: 40 steps in ", ProgressText.Finished(recorder.Finished.Result, recorder.Finished.WasComplete), StringComparison.Ordinal);
    }

    [Fact]
    public void The_checkpoints_of_interruptions_make_way_for_one_of_the_end()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(15, Runs.Options(folder.Path));
        Runs.RunUntil(25, Runs.Options(folder.Path, o => o.Resume = true));
        var finished = Runs.Run(Runs.Options(folder.Path, o => o.Resume = true));
        Assert.Equal(["step-40"], Runs.Checkpoints(folder.Path));
        Assert.Equal(folder.File("checkpoints/step-40"), finished.Checkpoint);
    }

    [Fact]
    public void A_last_evaluation_that_was_made_up_for_is_not_made_again()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(40, Runs.Options(folder.Path, o => o.CheckpointEvery = 10));
        var recorder = new Recorder();
        Runs.Run(Runs.Options(folder.Path, o => (o.Resume, o.CheckpointEvery) = (true, 10)), null, default, recorder);
        Assert.Single(recorder.Evaluations);
        var again = new Recorder();
        Runs.Run(Runs.Options(folder.Path, o => (o.Resume, o.CheckpointEvery) = (true, 10)), null, default, again);
        Assert.Empty(again.Evaluations);
    }
}
