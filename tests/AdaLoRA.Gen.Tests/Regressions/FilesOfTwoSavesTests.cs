using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>A Save into an existing folder that stops between two renames leaves files of two moments, and they are loaded.</summary>
public sealed class FilesOfTwoSavesTests : RegressionTests
{
    [Fact]
    public void Files_of_two_saves()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = ["head.bias"];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        set.Save(_folder.File("one"));
        Randomise(set, 4);
        using (no_grad()) model.get_parameter("head.bias")!.add_(1);
        set.Save(_folder.File("two"));
        set.Detach();
        // Where a crash stops the second Save into one folder: the first of the owned files is new, the others old.
        File.Copy(_folder.File("two/adapter_model.safetensors"), _folder.File("one/adapter_model.safetensors"), true);
        Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("one")));
    }

    [Fact]
    public void Lora_config_beside_adalora_tensors_is_refused()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        set.SaveAsLoRA(_folder.File("s"));
        set.Save(_folder.File("t"));
        set.Detach();
        // What a crash between the two renames of Save leaves over an older export.
        File.Copy(_folder.File("t/adapter_model.safetensors"), _folder.File("s/adapter_model.safetensors"), true);
        Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("s")));
    }
}
