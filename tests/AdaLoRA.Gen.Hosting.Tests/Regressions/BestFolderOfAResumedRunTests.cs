using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>KeepBest may differ between the two halves of a run; what the result calls the best adapter must be there, and be of that evaluation.</summary>
public class BestFolderOfAResumedRunTests
{
    // Any evaluation can be the best one.
    private static TrainingOptions Options(string folder, Action<TrainingOptions> configure) => Runs.Options(folder, o =>
    {
        o.BestWithinBudget = false;
        configure(o);
    });

    [Fact]
    public void A_best_folder_that_was_never_written_is_not_named()
    {
        using var folder = new TemporaryFolder();
        int n = 0;
        // The first evaluation is the best.
        Runs.RunUntil(15, Options(folder.Path, o => o.EvaluateEvery = 10), new TinyTask { Metric = _ => ++n });
        var resumed = Runs.Run(Options(folder.Path, o => (o.Resume, o.EvaluateEvery, o.KeepBest) = (true, 10, true)), new TinyTask { Metric = _ => 1 + ++n });
        Assert.Equal(10, resumed.Best!.Step);
        Assert.True(resumed.BestFolder is null || Directory.Exists(resumed.BestFolder), $"{resumed.BestFolder} is named and not there");
    }

    [Fact]
    public void A_best_folder_that_a_part_of_the_run_deleted_is_not_named()
    {
        using var folder = new TemporaryFolder();
        int n = 0;
        TinyTask Task() => new() { Metric = _ => ++n };
        Runs.RunUntil(15, Options(folder.Path, o => (o.EvaluateEvery, o.KeepBest) = (10, true)), Task());
        Runs.RunUntil(17, Options(folder.Path, o => (o.Resume, o.EvaluateEvery) = (true, 10)), Task());
        Assert.False(Directory.Exists(folder.File("best")));
        var resumed = Runs.Run(Options(folder.Path, o => (o.Resume, o.EvaluateEvery, o.KeepBest) = (true, 10, true)), Task());
        Assert.Equal((10, null), (resumed.Best!.Step, resumed.BestFolder));
    }

    [Fact]
    public void A_best_folder_of_an_earlier_evaluation_is_not_named()
    {
        using var folder = new TemporaryFolder();
        int n = 10;
        // Better each time; the folder is of step 10, and the run went on without it over step 20.
        TinyTask Task() => new() { Metric = _ => --n };
        Runs.RunUntil(15, Options(folder.Path, o => (o.EvaluateEvery, o.KeepBest) = (10, true)), Task());
        Directory.Move(folder.File("best"), folder.File("stale"));
        Runs.RunUntil(25, Options(folder.Path, o => (o.Resume, o.EvaluateEvery) = (true, 10)), Task());
        Directory.Move(folder.File("stale"), folder.File("best"));
        var stopped = Runs.RunUntil(27, Options(folder.Path, o => (o.Resume, o.EvaluateEvery, o.KeepBest) = (true, 10, true)), Task());
        Assert.Equal((20, null), (stopped.Best!.Step, stopped.BestFolder));
        Assert.False(Directory.Exists(folder.File("best")));
        var finished = Runs.Run(Options(folder.Path, o => (o.Resume, o.EvaluateEvery, o.KeepBest) = (true, 10, true)), Task());
        Assert.Equal((40, folder.File("best")), (finished.Best!.Step, finished.BestFolder));
        Assert.Equal(Runs.Bytes(finished.AdapterFolder), Runs.Bytes(finished.BestFolder!));
    }
}
