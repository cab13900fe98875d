using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>Corners of the stop after ten skipped steps in a row.</summary>
public class StopAfterTenInTheLastStepsTests
{
    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        (o.EvaluateEvery, o.CheckpointEvery, o.KeepBest, o.Adapter.Dropout, o.LogEvery) = (10, 10, true, 0, 1);
        configure?.Invoke(o);
    });

    [Fact]
    public void A_run_resumed_after_ten_has_ten_more()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path), new PoisonedTask([.. Enumerable.Range(13, 12)])));
        // Two bad batches are left: fewer than ten of this run.
        var resumed = Runs.Run(Options(folder.Path, o => o.Resume = true), new PoisonedTask([.. Enumerable.Range(13, 12)]));
        Assert.Equal(40, resumed.Steps);
    }

    [Fact]
    public void Late_the_state_that_is_saved_is_the_last_good_one()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.File("now")), new PoisonedTask { BadFrom = 13 }));
        Assert.Throws<AdaLoRAException>(() => Runs.RunLate(Options(folder.File("late")), new PoisonedTask { BadFrom = 13 }));
        Assert.Equal(Runs.Checkpoints(folder.File("now")), Runs.Checkpoints(folder.File("late")));
    }
}
