using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>On a device the step at which a run compacts depends on when the counter arrives.</summary>
public sealed class CompactionMomentTests : RegressionTests
{
    [Fact]
    public void When_it_compacts_does_not_depend_on_when_the_count_arrives()
    {
        byte[] Final(bool late)
        {
            using var model = new Mlp();
            using (no_grad())
            {
                using var generator = new Generator(5);
                foreach (var p in model.parameters()) p.normal_(0, 0.3, generator);
            }
            var o = Mlp.Options;
            o.Compact = true;
            var set = AdapterSet.Attach(model, o);
            using var optimizer = set.CreateAtenOptimizer(12, new AdaLoRAOptimizerOptions { LearningRate = 1e-2 }, late);
            using var data = new Generator(7);
            for (int t = 0; t < 12; t++)
            {
                using var scope = NewDisposeScope();
                var x = randn([9, 12], generator: data);
                (model.call(x) - x.narrow(1, 0, 3)).square().mean().backward();
                optimizer.step();
            }
            return set.Arena.P.bytes.ToArray();
        }
        // What Known says right after a step is, on a device, a matter of time: of this step, or of the one before.
        Assert.Equal(Final(late: false), Final(late: true));
    }
}
