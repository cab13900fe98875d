using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A skipped step is as if it had not been taken: a finite loss of it, whose gradients are not finite, was in the printed mean.</summary>
public class LossOfSkippedStepsTests
{
    /// <summary>Two batches' losses are 1000 too large, with gradients that are no numbers.</summary>
    private sealed class Bad : TinyTask
    {
        public override Tensor Loss(TinyModel model, TinyBatch batch)
        {
            var loss = base.Loss(model, batch);
            if (batch.Epoch * BatchesPerEpoch + batch.Index is not (3 or 12)) return loss;
            // sqrt(0) is 0 and its derivative infinite; times 0 on the way back: not a number.
            return loss + 1000 + ((loss - loss.detach()) * 0).sqrt();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_finite_loss_of_a_skipped_step_does_not_count(bool late)
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        var options = Runs.Options(folder.Path, o => o.LogEvery = 10);
        var result = late ? Runs.RunLate(options, new Bad(), recorder) : Runs.Run(options, new Bad(), default, recorder);
        Assert.Equal(2, result.SkippedSteps);
        var losses = recorder.Steps.Where(s => s.Loss is not null).Select(s => s.Loss!.Value).ToList();
        Assert.Equal(4, losses.Count);
        Assert.All(losses, loss => Assert.InRange(loss, 0, 10));
    }
}
