using AdaLoRA.Gen.Testing;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A fresh run whose task dies on the first batch must not have removed the checkpoints of the finished run before it.</summary>
public class FreshRunThatCannotStartTests
{
    private sealed class Broken : TinyTask
    {
        public override torch.Tensor Loss(TinyModel model, TinyBatch batch) => base.Loss(model, batch) * double.NaN;
    }

    [Fact]
    public void The_checkpoints_of_the_run_before_stay()
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Runs.Options(folder.Path, o => o.CheckpointEvery = 10));
        Assert.Throws<AdaLoRAException>(() => Runs.Run(Runs.Options(folder.Path, o => o.CheckpointEvery = 10), new Broken()));
        Assert.Equal(["step-30", "step-40"], Runs.Checkpoints(folder.Path));
    }
}
