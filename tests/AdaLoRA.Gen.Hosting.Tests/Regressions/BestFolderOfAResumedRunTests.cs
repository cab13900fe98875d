using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>KeepBest may differ between the two halves of a run; what the result calls the best adapter must be there, and be of that evaluation.</summary>
public class BestFolderOfAResumedRunTests
{
    [Fact]
    public void A_best_folder_that_was_never_written_is_not_named()
    {
        using var folder = new TemporaryFolder();
        int n = 0;
        // The first evaluation is the best.
        Runs.RunUntil(15, Runs.Options(folder.Path, o => o.EvaluateEvery = 10), new TinyTask { Metric = _ => ++n });
        var resumed = Runs.Run(Runs.Options(folder.Path, o => (o.Resume, o.EvaluateEvery, o.KeepBest) = (true, 10, true)), new TinyTask { Metric = _ => 1 + ++n });
        Assert.Equal(10, resumed.Best!.Step);
        Assert.True(resumed.BestFolder is null || Directory.Exists(resumed.BestFolder), $"{resumed.BestFolder} is named and not there");
    }
}
