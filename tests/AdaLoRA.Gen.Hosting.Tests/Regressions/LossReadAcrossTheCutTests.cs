using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A printed loss is the mean since the last reading; where the cut falls between two readings, the resumed run must print the same number.</summary>
public class LossReadAcrossTheCutTests
{
    [Theory]
    [InlineData(15, 0)]
    [InlineData(17, 6)]
    public void A_loss_that_is_read_after_the_cut_is_that_of_the_run_that_never_stopped(int cut, int checkpointEvery)
    {
        using var folder = new TemporaryFolder();
        var straight = new Recorder();
        var whole = Runs.Run(Runs.Options(folder.File("whole"), o => o.CheckpointEvery = checkpointEvery), null, default, straight);
        Runs.RunUntil(cut, Runs.Options(folder.File("two"), o => o.CheckpointEvery = checkpointEvery));
        var resumed = new Recorder();
        var second = Runs.Run(Runs.Options(folder.File("two"), o => (o.Resume, o.CheckpointEvery) = (true, checkpointEvery)), null, default, resumed);
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(second.AdapterFolder));
        Assert.Equal(straight.Steps.Where(s => s.Step > cut && s.Loss is not null).Select(s => (s.Step, s.Loss)), resumed.Steps.Where(s => s.Loss is not null).Select(s => (s.Step, s.Loss)));
    }
}
