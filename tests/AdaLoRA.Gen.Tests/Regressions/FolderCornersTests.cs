using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Smaller corners of the folder reader and writer.</summary>
public sealed class FolderCornersTests : RegressionTests
{
    [Fact]
    public void Two_keys_for_one_parameter()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        (o.Trainable, o.Bias) = ([], BiasTraining.AdapterOnly);
        var set = AdapterSet.Attach(model, o);
        set.Save(_folder.File("s"));
        set.Detach();
        string path = _folder.File("s/adapter_model.safetensors");
        List<KeyValuePair<string, Tensor>> tensors;
        using (var file = SafetensorsFile.Open(path)) tensors = [.. file.Names.Select(n => KeyValuePair.Create(n, file.Read(n)))];
        tensors.Add(KeyValuePair.Create("base_model.model.first.bias", zeros(20)));
        SafetensorsWriter.Write(path, tensors);
        Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("s")));
    }

    [Fact]
    public void Negative_alpha_survives()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        set.SaveAsLoRA(_folder.File("s"));
        set.Detach();
        Edit("s", c => c["lora_alpha"] = -8);
        set = AdapterSet.Load(model, _folder.File("s"));
        set.Save(_folder.File("t"));
        Assert.Equal(-8, JsonNode.Parse(File.ReadAllText(_folder.File("t/adapter_config.json")))!["lora_alpha"]!.GetValue<int>());
    }

    [Fact]
    public void Config_that_says_lora_only_without_biases()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        set.SaveAsLoRA(_folder.File("s"));
        set.Detach();
        Edit("s", c => c["bias"] = "lora_only");
        set = AdapterSet.Load(model, _folder.File("s"));
        set.Save(_folder.File("t"));
        using var before = SafetensorsFile.Open(_folder.File("s/adapter_model.safetensors"));
        using var after = SafetensorsFile.Open(_folder.File("t/adapter_model.safetensors"));
        Assert.Equal(before.Names, after.Names);
    }
}
