using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using AdaLoRA.Gen.Tool.Tests.Inspection;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests.Merging;

/// <summary>Adapters whose names are not those of the checkpoint, and what an adapter brings besides ΔW.</summary>
public sealed class NameTests
{
    /// <summary>As GPT-2's folder on the Hub has it: the backbone alone.</summary>
    [Fact]
    public async Task A_checkpoint_without_the_prefix_of_the_adapter()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Backbone(folder.File("base"));
        (await Adalora.Run("merge", Fixtures.Path("peft", "gpt2_adalora_conv1d"), "--base", folder.File("base"), "-o", folder.File("merged"))).Done();
        (await Adalora.Run("merge", Fixtures.Path("peft", "gpt2_adalora_conv1d"), "--base", Fixtures.Path("hf", "gpt2"), "-o", folder.File("whole"))).Done();
        using HuggingFaceCheckpoint bare = HuggingFaceCheckpoint.Open(folder.File("merged")), whole = HuggingFaceCheckpoint.Open(folder.File("whole"));
        Assert.Equal(whole.Names.Select(n => n["transformer.".Length..]), bare.Names);
        foreach (string name in bare.Names) Assert.True(bare.Read(name).equal(whole.Read("transformer." + name)).all().item<bool>(), name);
    }

    /// <summary>A head from outside of the backbone: then the folder holds the whole model, under the names that PEFT's model had.</summary>
    [Fact]
    public async Task A_new_head_comes_along()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Backbone(folder.File("base"));
        string adapter = Directory.CreateDirectory(folder.File("adapter")).FullName, from = Fixtures.Path("peft", "gpt2_adalora_conv1d");
        File.Copy(Path.Combine(from, PeftConfig.FileName), Path.Combine(adapter, PeftConfig.FileName));
        var tensors = Fixtures.Tensors("peft", "gpt2_adalora_conv1d", PeftKeys.TensorFile);
        tensors["base_model.model.score.weight"] = randn(3, 24);
        SafetensorsWriter.Write(Path.Combine(adapter, PeftKeys.TensorFile), tensors);
        var report = (await Adalora.Run("merge", adapter, "--base", folder.File("base"), "-o", folder.File("merged"), "--json")).Done().Json;
        Assert.Equal(["score.weight"], report["added"]!.AsArray().Select(n => n!.GetValue<string>()));
        using var merged = HuggingFaceCheckpoint.Open(folder.File("merged"));
        using var whole = HuggingFaceCheckpoint.Open(Fixtures.Path("hf", "gpt2"));
        Assert.Equal(whole.Names.Append("score.weight").Order(StringComparer.Ordinal), merged.Names);
        Assert.True(merged.Read("score.weight").equal(tensors["base_model.model.score.weight"]).all().item<bool>());
    }

    /// <summary>A program's model around a checkpoint's: modules of the checkpoint take their trained values, those of the program lie beside the merged model.</summary>
    [Fact]
    public async Task What_the_program_trained_around_the_model_lies_beside_it()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        using var model = new Around();
        Directory.CreateDirectory(folder.File("base"));
        SafetensorsWriter.Write(folder.File("base/model.safetensors"), model.named_parameters().Where(p => p.name.StartsWith("inner.", StringComparison.Ordinal)).Select(p => KeyValuePair.Create(p.name["inner.".Length..], p.parameter.detach().clone())));
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["inner.first"], Trainable = ["head", "inner.second"], CheckpointRoot = "inner" });
        set.Adapters[0].lora_B.normal_();
        foreach (string trained in (string[])["head.weight", "inner.second.weight", "inner.second.bias"]) model.get_parameter(trained)!.add_(1);
        set.Save(folder.File("adapter"));
        var report = (await Adalora.Run("merge", folder.File("adapter"), "--base", folder.File("base"), "-o", folder.File("merged"), "--json")).Done().Json;
        Assert.Equal(["head.bias", "head.weight"], report["left_beside"]!.AsArray().Select(n => n!.GetValue<string>()).Order());
        Assert.Equal(2, report["replaced"]!.GetValue<int>());
        set.Merge();
        using var merged = SafetensorsFile.Open(folder.File("merged/model.safetensors"));
        foreach (string name in merged.Names) TensorAssert.Close(model.get_parameter("inner." + name)!, merged.Read(name), 1e-6, name);
        using var beside = SafetensorsFile.Open(folder.File("merged/trainable.safetensors"));
        TensorAssert.Close(model.get_parameter("head.weight")!, beside.Read("head.weight"), 0);

        // The same as plain LoRA, and looked at.
        (await Adalora.Run("export", folder.File("adapter"), "--to", "lora", "-o", folder.File("lora"))).Done();
        Assert.Equal(["head.bias", "head.weight", "second.bias", "second.weight"], (await Adalora.Run("inspect", folder.File("lora"), "--json")).Done().Json["adapter"]!["trained_modules"]!.AsArray().Select(n => n!.GetValue<string>()));
        using var again = new Around();
        AdapterSet.Load(again, folder.File("lora"));
        TensorAssert.Close(model.get_parameter("head.weight")!, again.get_parameter("head.weight")!, 0);
    }

    [Fact]
    public async Task A_name_that_fits_in_two_places_is_refused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("base"));
        SafetensorsWriter.Write(folder.File("base/model.safetensors"), [KeyValuePair.Create("one.layer.weight", ones(8, 8)), KeyValuePair.Create("two.layer.weight", ones(8, 8))]);
        PlainFolder.Write(folder.File("adapter"), "layer", 8, 8, embedding: false);
        var said = await Adalora.Run("merge", folder.File("adapter"), "--base", folder.File("base"), "-o", folder.File("merged"));
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains("fits '", said.Error, StringComparison.Ordinal);
        Assert.Contains("in two places: 'layer.weight' may be 'one.layer.weight' or 'two.layer.weight'", said.Error, StringComparison.Ordinal);
    }

    private static void Backbone(string folder)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), Fixtures.Tensors("hf", "gpt2", "model.safetensors").Select(t => KeyValuePair.Create(t.Key["transformer.".Length..], t.Value)));
        File.Copy(Fixtures.Path("hf", "gpt2", "config.json"), Path.Combine(folder, "config.json"));
    }
}

/// <summary>A program's model around one that came from a checkpoint.</summary>
internal sealed class Around : nn.Module<Tensor, Tensor>
{
    private readonly TwoLayers inner = new();
    private readonly TorchSharp.Modules.Linear head = nn.Linear(8, 3);

    public Around() : base(nameof(Around)) => RegisterComponents();

    public override Tensor forward(Tensor x) => head.call(inner.call(x));
}
