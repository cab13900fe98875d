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
}
