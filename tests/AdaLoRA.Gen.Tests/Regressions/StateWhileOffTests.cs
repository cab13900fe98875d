using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>A training state written or read while the set is switched off holds the head of the base.</summary>
public sealed class StateWhileOffTests : RegressionTests
{
    [Fact]
    public void SaveState_while_switched_off()
    {
        using Run run = new(ScalarType.Float32);
        run.Steps(4);
        using (run.Set.Disable()) Assert.Contains("call Activate() before their training state is saved", Assert.Throws<AdaLoRAException>(() => run.Optimizer.SaveState(_folder.File("s"))).Message);
    }

    [Fact]
    public void LoadState_while_switched_off()
    {
        using Run run = new(ScalarType.Float32), again = new(ScalarType.Float32);
        run.Steps(4);
        var head = run.Head().clone();
        run.Optimizer.SaveState(_folder.File("s"));
        again.Steps(1);
        using (again.Set.Disable()) Assert.Contains("call Activate() before a training state is loaded", Assert.Throws<AdaLoRAException>(() => again.Optimizer.LoadState(_folder.File("s"))).Message);
        again.Optimizer.LoadState(_folder.File("s"));
        Assert.True(head.equal(again.Head()).all().item<bool>());
    }
}
