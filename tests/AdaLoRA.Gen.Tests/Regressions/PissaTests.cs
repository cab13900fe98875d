using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>init_lora_weights pissa, olora, corda and loftq change the base weights when PEFT opens the folder.</summary>
public sealed class PissaTests : RegressionTests
{
    [Fact]
    public void Pissa_is_refused()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        set.SaveAsLoRA(_folder.File("s"));
        set.Detach();
        Edit("s", c => c["init_lora_weights"] = "pissa");
        Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("s")));
    }
}
