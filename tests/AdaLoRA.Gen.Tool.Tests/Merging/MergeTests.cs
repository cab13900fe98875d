using AdaLoRA.Gen.Conformance.Folders;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tool.Tests.Merging;

/// <summary>A merged folder computes what PEFT's merged model computes, and holds the weights that the run time's Merge makes.</summary>
public sealed class MergeTests
{
    public static TheoryData<string, string> Adapters => new()
    {
        { "bert_adalora_pruned", "bert" }, { "bert_adalora_unpruned", "bert" }, { "bert_lora_patterns", "bert" }, { "conv_adalora_pruned", "conv" },
        { "gpt2_adalora_conv1d", "gpt2" }, { "llama_adalora_pruned", "llama" }, { "llama_lora_rslora", "llama" },
    };

    [Theory]
    [MemberData(nameof(Adapters))]
    public async Task The_merged_folder_has_PEFTs_merged_logits_and_the_run_times_weights(string adapter, string model)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        string merged = folder.File("merged"), from = Fixtures.Path("hf", model);
        var report = (await Adalora.Run("merge", Fixtures.Path("peft", adapter), "--base", from, "-o", merged, "--json")).Done().Json;
        File.Copy(Path.Combine(from, "io.safetensors"), Path.Combine(merged, "io.safetensors"));
        using (var golden = GoldenModel.Open(merged))
        {
            var expected = golden.Unpadded(Fixtures.Tensors("peft", adapter, "io.safetensors")["out.logits_merged"]);
            TensorAssert.Close(expected, golden.Logits(), 1e-5, "merged logits");
        }
        using var reference = GoldenModel.Open(from);
        var set = AdapterSet.Load(reference.Module, Fixtures.Path("peft", adapter));
        set.Merge();
        Assert.Equal(set.Adapters.Count(a => a.Rank > 0), report["merged"]!.GetValue<int>());
        string[] changed = [.. set.Adapters.Where(a => a.Rank > 0).Select(a => a.Path + ".weight"), .. set.CarriedNames];
        var ours = GoldenModel.Tensors(Path.Combine(merged, "model.safetensors"));
        var theirs = GoldenModel.Tensors(Path.Combine(from, "model.safetensors"));
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        var parameters = reference.Module.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        foreach (var (name, value) in ours)
        {
            string? own = changed.FirstOrDefault(c => c == name || c.EndsWith("." + name, StringComparison.Ordinal) || name.EndsWith("." + c, StringComparison.Ordinal));
            if (own is null) Assert.True(value.equal(theirs[name]).all().item<bool>(), $"{name} was not adapted");
            else
            {
                TensorAssert.Close(parameters[own], value, 2e-7, name);
                // What PEFT saved of a head that was never trained is the base's own.
                Assert.Equal(parameters[own].equal(theirs[name]).all().item<bool>(), value.equal(theirs[name]).all().item<bool>());
            }
        }
        Assert.Equal(changed.Length, ours.Keys.Count(name => changed.Any(c => c == name || c.EndsWith("." + name, StringComparison.Ordinal) || name.EndsWith("." + c, StringComparison.Ordinal))));
    }

    /// <summary>Adapter, base in bfloat16 cut into shards, tokenizer beside it: rounded once, sharded as the run time does, everything else byte for byte.</summary>
    [Theory]
    [InlineData(ScalarType.BFloat16, "llama_adalora_pruned")]
    [InlineData(ScalarType.Float16, "llama_lora_rslora")]
    [InlineData(ScalarType.Float64, "llama_lora_rslora")]
    public async Task A_sharded_base_of_another_type_is_rounded_once(ScalarType type, string adapter)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        string from = folder.File("base");
        using (var model = HuggingFaceModel.Open(Fixtures.Path("hf", "llama"), dtype: type)) HuggingFaceFolder.Write(model.Module, from, Fixtures.Path("hf", "llama"), shardBytes: 8_000);
        File.WriteAllText(Path.Combine(from, "tokenizer.json"), "{}");
        Assert.True(Directory.GetFiles(from, "model-*.safetensors").Length > 2);
        (await Adalora.Run("merge", Fixtures.Path("peft", adapter), "--base", from, "-o", folder.File("merged"))).Done();

        using var ours = HuggingFaceCheckpoint.Open(folder.File("merged"));
        using var theirs = HuggingFaceCheckpoint.Open(from);
        using var plain = HuggingFaceModel.Open(Fixtures.Path("hf", "llama"));
        var set = AdapterSet.Load(plain.Module, Fixtures.Path("peft", adapter));
        Assert.Equal(theirs.Names, ours.Names);
        foreach (string name in ours.Names)
        {
            var before = theirs.Read(name);
            var after = ours.Read(name);
            Assert.Equal(before.dtype, after.dtype);
            if (set.Adapters.FirstOrDefault(a => a.Path + ".weight" == name) is not { Rank: > 0 } found) Assert.True(before.equal(after).all().item<bool>());
            else
            {
                var wide = type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
                // One rounding of the last place, where the sum lies between two values.
                double step = type switch { ScalarType.BFloat16 => 1.0 / 128, ScalarType.Float16 => 1.0 / 1024, _ => 1e-6 };
                var expected = before.to(wide).add(found.DeltaWeight().to(wide)).to(type);
                var off = (expected.to(ScalarType.Float64) - after.to(ScalarType.Float64)).abs();
                Assert.True((off <= expected.to(ScalarType.Float64).abs() * step + 1e-7).all().item<bool>(), name);
                Assert.True(off.ne(0).to(ScalarType.Float64).mean().item<double>() < (type == ScalarType.Float64 ? 1.1 : 0.02), $"{name}: almost all are the same bits");
                Assert.False(before.equal(after).all().item<bool>());
            }
        }
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder.File("merged"), "tokenizer.json")));
        Assert.Equal(File.ReadAllText(Path.Combine(from, "config.json")), File.ReadAllText(Path.Combine(folder.File("merged"), "config.json")));
    }

    [Fact]
    public async Task A_type_can_be_asked_for_and_config_says_it()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        (await Adalora.Run("merge", Fixtures.Path("peft", "llama_lora_rslora"), "--base", Fixtures.Path("hf", "llama"), "-o", folder.File("merged"), "--dtype", "bfloat16")).Done();
        using var merged = SafetensorsFile.Open(folder.File("merged/model.safetensors"));
        Assert.All(merged.Entries.Values, e => Assert.Equal("BF16", e.DType));
        Assert.Contains("\"bfloat16\"", File.ReadAllText(folder.File("merged/config.json")), StringComparison.Ordinal);
    }

    /// <summary>The main sample's own base: int8 rows become the floats that FromPretrained makes of them.</summary>
    [Fact]
    public async Task A_base_of_int8_rows_is_widened_and_the_adapter_of_the_sample_fits_it()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        string adapter = Fixtures.Path("minilm", "banking77_adalora");
        if (!File.Exists(Path.Combine(adapter, PeftConfig.FileName))) adapter = Directory.GetDirectories(adapter).First(d => File.Exists(Path.Combine(d, PeftConfig.FileName)));
        (await Adalora.Run("merge", adapter, "--base", Fixtures.MiniLM, "-o", folder.File("merged"))).Done();
        using var encoder = BertModel.FromPretrained(Fixtures.MiniLM);
        using var merged = BertModel.FromPretrained(folder.File("merged"));
        using var file = AdaLoRA.Gen.Tool.Files.AdapterFolder.Open(adapter);
        var living = file.Targets.Where(t => t.Rank > 0).Select(t => t.Path + ".weight").ToHashSet();
        Assert.NotEmpty(living);
        var after = merged.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter);
        foreach (var (name, parameter) in encoder.named_parameters()) Assert.Equal(!living.Contains(name), parameter.equal(after[name]).all().item<bool>());
    }

    [Theory]
    [InlineData("lm_head", "llama3_rope")]
    [InlineData("model.embed_tokens", "llama3_rope")]
    [InlineData("transformer.wte", "gpt2")]
    public async Task A_tied_weight_is_refused(string path, string model)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        PlainFolder.Write(folder.File("adapter"), path, input: 96, output: path == "lm_head" ? 96 : model == "gpt2" ? 24 : 32, embedding: path != "lm_head");
        var said = await Adalora.Run("merge", folder.File("adapter"), "--base", Fixtures.Path("hf", model), "-o", folder.File("merged"));
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains("tied", said.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("merged")));
    }

    [Fact]
    public async Task An_embedding_of_its_own_is_merged_turned_round()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (a, b) = PlainFolder.Write(folder.File("adapter"), "model.embed_tokens", input: 96, output: 32, embedding: true);
        (await Adalora.Run("merge", folder.File("adapter"), "--base", Fixtures.Path("hf", "llama"), "-o", folder.File("merged"))).Done();
        using SafetensorsFile before = SafetensorsFile.Open(Fixtures.Path("hf", "llama", "model.safetensors")), after = SafetensorsFile.Open(folder.File("merged/model.safetensors"));
        TensorAssert.Close(before.Read("model.embed_tokens.weight") + b.mm(a).t() * 2, after.Read("model.embed_tokens.weight"), 1e-6);
    }

    [Fact]
    public async Task What_is_there_is_replaced_only_when_that_was_asked_for()
    {
        using var folder = new TemporaryFolder();
        string output = Directory.CreateDirectory(folder.File("merged")).FullName;
        File.WriteAllText(Path.Combine(output, "mine.txt"), "mine");
        string[] command = ["merge", Fixtures.Path("peft", "llama_lora_rslora"), "--base", Fixtures.Path("hf", "llama"), "-o", output];
        var refused = await Adalora.Run(command);
        Assert.Equal((ExitCodes.Failed, $"'{output}' is there already; name another output, or replace it with --force.\n"), (refused.ExitCode, refused.Error));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(output, "mine.txt")));
        (await Adalora.Run([.. command, "--force"])).Done();
        Assert.False(File.Exists(Path.Combine(output, "mine.txt")));
        Assert.True(File.Exists(Path.Combine(output, "model.safetensors")));
        Assert.Equal([output], Directory.GetFileSystemEntries(folder.Path));
        // An output must not be what is read.
        Assert.Equal(ExitCodes.Failed, (await Adalora.Run([.. command[..4], "-o", Fixtures.Path("hf"), "--force"])).ExitCode);
        Assert.True(File.Exists(Fixtures.Path("hf", "llama", "model.safetensors")));
    }

    [Theory]
    [InlineData("llama_lora_rslora", "bert", "has no such weight")]
    [InlineData("bert_adalora_pruned", "gpt2", "has no such weight")]
    public async Task Another_models_adapter_is_one_sentence(string adapter, string model, string part)
    {
        using var folder = new TemporaryFolder();
        var said = await Adalora.Run("merge", Fixtures.Path("peft", adapter), "--base", Fixtures.Path("hf", model), "-o", folder.File("merged"), "--json");
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains(part, said.Json["error"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_diverged_adapter_leaves_nothing()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        PlainFolder.Write(folder.File("adapter"), "model.layers.0.self_attn.q_proj", input: 32, output: 32, embedding: false, value: float.PositiveInfinity);
        var said = await Adalora.Run("merge", folder.File("adapter"), "--base", Fixtures.Path("hf", "llama"), "-o", folder.File("merged"));
        Assert.Equal(ExitCodes.Failed, said.ExitCode);
        Assert.Contains("NaN or infinite", said.Error, StringComparison.Ordinal);
        Assert.Equal([folder.File("adapter")], Directory.GetFileSystemEntries(folder.Path));
    }
}
