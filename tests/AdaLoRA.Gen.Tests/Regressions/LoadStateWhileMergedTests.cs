using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>A state is loaded into a merged set: what Unmerge takes out is not what Merge put in.</summary>
public sealed class LoadStateWhileMergedTests : RegressionTests
{
    [Fact]
    public void LoadState_of_a_merged_set_is_refused_and_nothing_is_changed()
    {
        using Run run = new(ScalarType.Float32);
        run.Steps(2);
        run.Optimizer.SaveState(_folder.File("s"));
        run.Steps(4);
        byte[] before = run.Everything();
        run.Set.Merge(keepCopies: false);
        Assert.Contains("call Unmerge() before a training state is loaded", Assert.Throws<AdaLoRAException>(() => run.Optimizer.LoadState(_folder.File("s"))).Message);
        run.Set.Unmerge();
        Assert.Equal(before, run.Everything());
    }
}
