using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization;

public sealed class AdapterFolderTests
{
    [Theory]
    [InlineData(12)]
    [InlineData(5)]
    [InlineData(3)]
    public void What_is_saved_computes_what_is_in_memory(int steps)
    {
        // 3 and 5 lie between two allocations: a removed λ may live again, and must be saved.
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(steps);
        run.Set.Save(folder.Path);
        var x = randn(6, 12);
        run.Model.eval();
        var expected = run.Model.call(x);

        using var other = new Mlp();
        other.load_state_dict(run.Model.state_dict().Where(p => !p.Key.StartsWith("adalora.", StringComparison.Ordinal) && !p.Key.StartsWith("head", StringComparison.Ordinal)).ToDictionary(), strict: false);
        var loaded = AdapterSet.Load(other, folder.Path);
        Assert.True(allclose(expected, other.call(x), 0, 1e-6));
        Assert.Equal(run.Set.Scale, loaded.Scale);
        if (steps == 12) Assert.Equal(run.Set.Adapters.Select(a => a.Rank), loaded.Adapters.Select(a => a.Rank));
    }

    [Fact]
    public void The_config_is_PEFTs()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(12);
        run.Set.Save(folder.Path);
        using var config = JsonDocument.Parse(File.ReadAllText(folder.File("adapter_config.json")));
        var root = config.RootElement;
        using var theirs = Fixtures.Json("peft", "bert_adalora_pruned", "adapter_config.json");
        Assert.Equal(theirs.RootElement.EnumerateObject().Select(p => p.Name), root.EnumerateObject().Select(p => p.Name));
        Assert.Equal("ADALORA", root.GetProperty("peft_type").GetString());
        Assert.Equal((4, 2, 12, 2, 4, 2), (Number("init_r"), Number("target_r"), Number("total_step"), Number("tinit"), Number("tfinal"), Number("deltaT")));
        Assert.Equal(["first", "second"], root.GetProperty("target_modules").EnumerateArray().Select(t => t.GetString()));
        int alive = root.GetProperty("rank_pattern").EnumerateObject().Sum(p => p.Value.EnumerateArray().Count(v => v.GetBoolean()));
        Assert.Equal(4, alive);

        int Number(string name) => root.GetProperty(name).GetInt32();
    }

    [Fact]
    public void Lora_folders_go_round_too()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 3, Alpha = 6, Targets = ["first", "second"] });
        using (no_grad()) foreach (var a in set.Adapters) a.lora_B.normal_();
        set.Refold();
        set.Save(folder.Path);
        using var file = SafetensorsFile.Open(folder.File("adapter_model.safetensors"));
        Assert.Contains("base_model.model.first.lora_A.weight", file.Names);
        var x = randn(4, 12);
        var expected = model.call(x);
        set.Detach();
        AdapterSet.Load(model, folder.Path);
        Assert.True(allclose(expected, model.call(x), 0, 1e-6));
    }

    [Fact]
    public void A_loaded_set_goes_on_training()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(12);
        run.Set.Save(folder.Path);
        run.Set.Detach();
        var loaded = AdapterSet.Load(run.Model, folder.Path, trainable: true);
        using var optimizer = loaded.CreateOptimizer(10, 1e-2);
        using var before = loaded.Arena.P.clone();
        for (int i = 0; i < 10; i++)
        {
            run.Backward();
            optimizer.step();
        }
        Assert.False(before.equal(loaded.Arena.P).all().item<bool>());
        Assert.Equal(4, loaded.TotalRank);
    }

    [Fact]
    public void Saving_over_a_folder_keeps_what_else_is_in_it_and_leaves_no_rest()
    {
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        File.WriteAllText(folder.File("notes.txt"), "mine");
        File.WriteAllText(folder.File("trainable.safetensors"), "of an earlier plan");
        set.Save(folder.Path);
        set.Save(folder.Path);
        Assert.Equal("mine", File.ReadAllText(folder.File("notes.txt")));
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "notes.txt"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
        Assert.DoesNotContain(Directory.GetFileSystemEntries(Path.GetDirectoryName(folder.Path)!), e => e.EndsWith(".tmp", StringComparison.Ordinal) && e.Contains(Path.GetFileName(folder.Path)));
    }

    /// <summary>The ratio of two scales stood in A after loading; saving it there applied it twice.</summary>
    [Fact]
    public void Lora_folders_of_several_scales_go_round_any_number_of_times()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 3, Alpha = 6, Targets = ["first", "second"] });
        using (no_grad()) foreach (var a in set.Adapters) a.lora_B.normal_();
        set.Save(folder.Path);
        set.Detach();
        string config = folder.File("adapter_config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"sec.*\": 15}"));
        var x = randn(4, 12);
        var loaded = AdapterSet.Load(model, folder.Path);
        var expected = model.call(x);
        Assert.Equal((2.0, 2.0, 5.0), (loaded.Scale, loaded.Find("first").Scale, loaded.Find("second").Scale));
        for (int round = 0; round < 3; round++)
        {
            AdapterSet.Of(model)!.Save(folder.Path);
            AdapterSet.Of(model)!.Detach();
            AdapterSet.Load(model, folder.Path);
            Assert.True(allclose(expected, model.call(x), 0, 1e-5));
        }
    }

    [Fact]
    public void A_plan_without_trained_modules_leaves_no_head_of_an_earlier_one()
    {
        using var folder = new TemporaryFolder();
        using var model = new Mlp();
        var options = Mlp.Options;
        options.Trainable = ["head.weight"];
        var set = AdapterSet.Attach(model, options);
        set.Save(folder.Path);
        Assert.True(File.Exists(folder.File("trainable.safetensors")));
        set.Detach();
        options.Trainable = [];
        AdapterSet.Attach(model, options).Save(folder.Path);
        Assert.False(File.Exists(folder.File("trainable.safetensors")));
    }

    public static TheoryData<string, string> BadFolders => new()
    {
        { "missing config", "holds no adapter_config.json" },
        { "config no json", "no valid JSON" },
        { "config of another type", "'IA3'" },
        { "truncated tensors", "adapter_model.safetensors" },
        { "tensors a directory", "adapter_model.safetensors" },
        { "missing factor", "no lora_E for 'first'" },
        { "wrong shape", "do not fit its weight [20, 12]" },
        { "integer factor", "must be a floating-point tensor" },
        { "unknown layer", "no part of Mlp has them all" },
        { "pattern that does not fit", "rank_pattern keeps 1 triplets" },
        { "head of another size", "'head.weight' is [5, 12]" },
        { "foreign name", "no tensor of a PEFT adapter" },
        { "head missing", "trainable.safetensors is missing" },
        { "phase no number", "'tinit' is" },
        { "dropout out of range", "Dropout is 1.5" },
        { "rank out of range", "init_r is 2, but" },
        { "factor twice", "twice" },
    };

    [Theory]
    [MemberData(nameof(BadFolders))]
    public void A_bad_folder_is_one_sentence_and_leaves_no_trace(string damage, string expected)
    {
        using var folder = new TemporaryFolder();
        using var source = new Mlp();
        var options = Mlp.Options;
        // A part of a module is nothing that PEFT could save.
        if (damage == "head missing") options.Trainable = ["head.weight"];
        AdapterSet.Attach(source, options).Save(folder.Path);
        Damage(folder, damage);

        using var model = new Mlp();
        byte[][] before = [.. model.state_dict().Values.Select(t => t.bytes.ToArray())];
        var error = Assert.ThrowsAny<Exception>(() => AdapterSet.Load(model, folder.Path));
        Assert.True(error is AdaLoRAException or SafetensorsException, error.ToString());
        Assert.Contains(expected, error.Message);
        Assert.Equal(before, model.state_dict().Values.Select(t => t.bytes.ToArray()));
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    private static void Damage(TemporaryFolder folder, string damage)
    {
        string config = folder.File("adapter_config.json"), tensors = folder.File("adapter_model.safetensors");
        switch (damage)
        {
            case "missing config": File.Delete(config); break;
            case "config no json": File.WriteAllText(config, "{"); break;
            case "config of another type": File.WriteAllText(config, """{"peft_type": "IA3"}"""); break;
            case "truncated tensors": File.WriteAllBytes(tensors, File.ReadAllBytes(tensors)[..^7]); break;
            case "tensors a directory": File.Delete(tensors); Directory.CreateDirectory(tensors); break;
            case "missing factor": Rewrite(tensors, t => t.Remove("base_model.model.first.lora_E")); break;
            case "wrong shape": Rewrite(tensors, t => t["base_model.model.first.lora_A"] = zeros(4, 13)); break;
            case "integer factor": Rewrite(tensors, t => t["base_model.model.first.lora_A"] = zeros(4, 12, dtype: ScalarType.Int32)); break;
            case "unknown layer": Rewrite(tensors, t => t["base_model.model.third.lora_A"] = zeros(4, 12)); break;
            case "pattern that does not fit": File.WriteAllText(config, File.ReadAllText(config).Replace("\"rank_pattern\": null", "\"rank_pattern\": {\"first.lora_E\": [true, false, false, false]}")); break;
            case "head of another size": Rewrite(tensors, t => t["base_model.model.head.weight"] = zeros(5, 12)); break;
            case "phase no number": File.WriteAllText(config, File.ReadAllText(config).Replace("\"tinit\": 0", "\"tinit\": \"0\"")); break;
            case "dropout out of range": File.WriteAllText(config, File.ReadAllText(config).Replace("\"lora_dropout\": 0.0", "\"lora_dropout\": 1.5")); break;
            case "rank out of range": File.WriteAllText(config, File.ReadAllText(config).Replace("\"init_r\": 4", "\"init_r\": 2")); break;
            case "factor twice": Rewrite(tensors, t => t["base_model.model.first.lora_A.weight"] = zeros(4, 12)); break;
            case "head missing": File.Delete(folder.File("trainable.safetensors")); break;
            case "foreign name": Rewrite(tensors, t => t["first.lora_A"] = zeros(4, 12)); break;
        }
    }

    private static void Rewrite(string path, Action<Dictionary<string, Tensor>> change)
    {
        Dictionary<string, Tensor> all;
        using (var file = SafetensorsFile.Open(path)) all = file.Names.ToDictionary(n => n, n => file.Read(n));
        change(all);
        SafetensorsWriter.Write(path, all);
    }
}
