using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>Biases trained beside the adapters, and modules trained in full, saved as PEFT saves them.</summary>
public sealed class BiasTests
{
    [Theory]
    [InlineData(BiasTraining.None, new string[0])]
    [InlineData(BiasTraining.AdapterOnly, new[] { "first.bias", "second.bias" })]
    [InlineData(BiasTraining.All, new[] { "first.bias", "second.bias", "head.bias" })]
    public void They_train_are_saved_under_PEFTs_keys_and_come_back(BiasTraining bias, string[] names)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var options = Mlp.Options;
        (options.Trainable, options.Bias) = ([], bias);
        var before = model.state_dict().ToDictionary(p => p.Key, p => p.Value.detach().clone());
        var set = AdapterSet.Attach(model, options);
        Assert.Equal(names, set.TrainableNames);
        Assert.Equal(names, model.named_parameters().Where(p => p.parameter.requires_grad && !p.name.StartsWith("adalora", StringComparison.Ordinal)).Select(p => p.name));
        using (var optimizer = set.CreateOptimizer(12, 0.01))
        {
            for (int i = 0; i < 3; i++)
            {
                model.call(randn(5, 12)).square().mean().backward();
                optimizer.step();
            }
        }
        foreach (var (name, value) in before) Assert.Equal(names.Contains(name), !value.equal(model.get_parameter(name)!).all().item<bool>());
        var x = randn(4, 12);
        var expected = model.call(x);
        set.Save(folder.Path);
        using (var file = SafetensorsFile.Open(folder.File("adapter_model.safetensors")))
        {
            // PEFT wraps an adapted layer, so its own parameters stand below base_layer.
            string[] keys = [.. names.Select(n => n == "head.bias" ? "base_model.model.head.bias" : $"base_model.model.{n.Replace(".bias", "")}.base_layer.bias")];
            Assert.Equal(keys.Order(StringComparer.Ordinal), file.Names.Where(n => n.EndsWith("bias", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
        Assert.Contains($"\"bias\": \"{(bias == BiasTraining.None ? "none" : bias == BiasTraining.All ? "all" : "lora_only")}\"", File.ReadAllText(folder.File("adapter_config.json")));
        set.Detach();
        using (no_grad()) foreach (var (name, value) in before) model.get_parameter(name)!.copy_(value);
        var loaded = AdapterSet.Load(model, folder.Path);
        Assert.Equal(0, (expected - model.call(x)).abs().max().item<float>());
        loaded.Save(folder.File("again"));
        Assert.Equal(File.ReadAllBytes(folder.File("adapter_config.json")), File.ReadAllBytes(folder.File("again/adapter_config.json")));
        Assert.Equal(File.ReadAllBytes(folder.File("adapter_model.safetensors")), File.ReadAllBytes(folder.File("again/adapter_model.safetensors")));
    }

    [Fact]
    public void A_trained_module_below_the_root_is_PEFTs_modules_to_save()
    {
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        AdapterSet.Attach(model, Mlp.Options).Save(folder.Path);
        using var file = SafetensorsFile.Open(folder.File("adapter_model.safetensors"));
        Assert.Contains("base_model.model.head.weight", file.Names);
        Assert.Contains("base_model.model.head.bias", file.Names);
        Assert.Contains("\"modules_to_save\": [\n    \"head\"\n  ]", File.ReadAllText(folder.File("adapter_config.json")));
        Assert.False(File.Exists(folder.File("trainable.safetensors")));
    }

    /// <summary>PEFT saves the base weight of an adapted embedding or head beside its factors, and older versions name modules_to_save in the key.</summary>
    [Fact]
    public void Base_weights_that_PEFT_saved_along_come_and_go_with_the_set()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var options = Mlp.Options;
        options.Trainable = [];
        AdapterSet.Attach(model, options).Save(folder.Path);
        AdapterSet.Of(model)!.Detach();
        Dictionary<string, Tensor> tensors;
        using (var file = SafetensorsFile.Open(folder.File("adapter_model.safetensors"))) tensors = file.Names.ToDictionary(n => n, n => file.Read(n));
        tensors["base_model.model.second.base_layer.weight"] = ones(12, 20);
        tensors["base_model.model.head.modules_to_save.bias"] = zeros(3);
        SafetensorsWriter.Write(folder.File("adapter_model.safetensors"), tensors);

        var before = model.get_parameter("second.weight")!.detach().clone();
        var set = AdapterSet.Load(model, folder.Path, trainable: true);
        Assert.Equal(["head.bias"], set.TrainableNames);
        Assert.Equal(20 * 12, model.get_parameter("second.weight")!.sum().item<float>());
        Assert.False(model.get_parameter("second.weight")!.requires_grad);
        set.Save(folder.File("again"));
        Assert.Equal(File.ReadAllBytes(folder.File("adapter_model.safetensors")), File.ReadAllBytes(folder.File("again/adapter_model.safetensors")));
        set.Deactivate();
        Assert.True(before.equal(model.get_parameter("second.weight")!).all().item<bool>());
    }
}
