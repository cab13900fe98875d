using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Benchmarks.Launches;
using TorchSharp;

namespace AdaLoRA.Gen.Tests.Arena;

/// <summary>TorchSharp keeps no Scalar alive while native code reads it: one that nobody else holds may be freed in the middle of a call.</summary>
[Collection("alone")]
public sealed class ScalarLifetimeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Steps_survive_a_collector_that_never_rests(bool fused)
    {
        using var rig = new TailRig(6, 16, (a, s, t, r) => new AtenTail(a, s, t, r, late: true, fused), headed: true);
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (int t = 1; t <= 3_000; t++)
            {
                rig.Backward();
                long? allocateTo = t % 10 == 0 ? 40 : null;
                rig.Step(allocateTo, p => p with { MaxGradNorm = 0.5, LearningRate = new Rate(1e-4, 2e-4), IfLastWasSkipped = p.Point with { Step = p.Point.Step - 1, AllocateTo = 50 } });
            }
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
        // None was skipped over a Scalar that read as something else.
        Assert.Equal(3_000, rig.State.Applied.item<double>());
        Assert.True(rig.Arena.P.isfinite().all().item<bool>());
    }
}
