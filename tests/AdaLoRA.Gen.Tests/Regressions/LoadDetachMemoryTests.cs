using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Counts the tensors of the process: nothing may run beside it.</summary>
[Collection("alone")]
public sealed class LoadDetachMemoryTests : RegressionTests
{
    /// <summary>Steps without a dispose scope leave a bounded number of tensors.</summary>
    [Theory]
    [InlineData(false, 0.0)]
    [InlineData(true, 0.0)]
    [InlineData(true, 0.1)]
    public void Tensors_a_step(bool aten, double decay)
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Dropout = 0.1;
        var set = AdapterSet.Attach(model, o);
        var options = new AdaLoRAOptimizerOptions { MaxGradNorm = 1, WeightDecay = decay, DecayLambda = false, LoraPlusRatio = 2 };
        using var optimizer = aten ? set.CreateAtenOptimizer(60, options, late: true) : set.CreateOptimizer(60);
        long before = 0;
        for (int i = 0; i < 50; i++)
        {
            using (NewDisposeScope())
            {
                var x = randn(4, 12);
                if (i is 9 or 20) x[0, 0] = float.NaN;
                model.call(x).square().mean().backward();
            }
            optimizer.step();
            if (i == 9) before = Tensor.TotalCount;
        }
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.InRange(Tensor.TotalCount - before, -1000, 5);
    }
}
