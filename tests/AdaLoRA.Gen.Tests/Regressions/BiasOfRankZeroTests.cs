using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>PEFT wraps only target_modules: the bias of a target that is left out has no base_layer.</summary>
public sealed class BiasOfRankZeroTests : RegressionTests
{
    [Fact]
    public void Bias_of_a_target_left_out_of_the_export()
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        options.Bias = BiasTraining.AdapterOnly;
        var set = AdapterSet.Attach(model, options);
        Randomise(set, 3);
        Remove(set, "first", 0);
        set.SaveAsLoRA(_folder.File("lora"));
        using var file = SafetensorsFile.Open(_folder.File("lora/adapter_model.safetensors"));
        string json = File.ReadAllText(_folder.File("lora/adapter_config.json"));
        // PEFT wraps only target_modules; "first" is none of them, so its bias has no base_layer there.
        Assert.DoesNotContain("first", JsonNode.Parse(json)!["target_modules"]!.ToJsonString());
        Assert.Contains("base_model.model.first.bias", file.Names);
    }
}
