using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Checkpoints;

/// <summary>What is opened and written is the same folder again.</summary>
public sealed class HuggingFaceFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string> Models => ["bert", "gpt2", "llama", "llama3_rope"];

    [Theory]
    [MemberData(nameof(Models))]
    public void A_model_that_is_opened_and_written_is_the_same_file(string name)
    {
        string source = Fixtures.Path("hf", name), written = _folder.File("written");
        using HuggingFaceModel model = HuggingFaceModel.Open(source);
        HuggingFaceFolder.Write(model.Module, written, source);
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "model.safetensors")), File.ReadAllBytes(Path.Combine(written, "model.safetensors")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "config.json")), File.ReadAllBytes(Path.Combine(written, "config.json")));
        string[] expected = name == "bert" ? ["config.json", "model.safetensors"] : ["config.json", "generation_config.json", "model.safetensors"];
        Assert.Equal(expected, Files(written));
        Assert.Equal(["written"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Shards_hold_every_tensor_once_and_read_back_equal(string name)
    {
        string source = Fixtures.Path("hf", name), written = _folder.File("written");
        using (HuggingFaceModel model = HuggingFaceModel.Open(source)) HuggingFaceFolder.Write(model.Module, written, source, shardBytes: 20_000);

        string[] shards = [.. Files(written).Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal))];
        Assert.True(shards.Length > 2, string.Join(", ", shards));
        Assert.Equal(Enumerable.Range(1, shards.Length).Select(i => $"model-{i:D5}-of-{shards.Length:D5}.safetensors"), shards);
        using SafetensorsFile whole = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(written, "model.safetensors.index.json")));
        Assert.Equal(whole.Entries.Values.Sum(entry => entry.ByteCount), index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64());
        Dictionary<string, string> map = index.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
        var seen = new Dictionary<string, string>();
        foreach (string shard in shards)
        {
            using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(written, shard));
            Assert.Equal("pt", file.Metadata["format"]);
            Assert.True(file.Names.Count == 1 || file.Entries.Values.Sum(entry => entry.ByteCount) <= 20_000, shard);
            foreach (string key in file.Names) seen.Add(key, shard);
        }
        Assert.Equal(seen.OrderBy(pair => pair.Key), map.OrderBy(pair => pair.Key));

        using HuggingFaceCheckpoint read = HuggingFaceCheckpoint.Open(written);
        Assert.Equal(whole.Names.Order(StringComparer.Ordinal), read.Names);
        foreach (string key in whole.Names) Assert.Equal(whole.Read(key).bytes.ToArray(), read.Read(key).bytes.ToArray());
    }

    [Fact]
    public void Adapters_are_no_part_of_the_whole_model()
    {
        string source = Fixtures.Path("hf", "llama");
        using var model = LlamaForCausalLM.FromPretrained(source);
        var set = AdapterSet.Load(model, Fixtures.Path("peft", "llama_adalora_pruned"));
        // Switched on and unmerged, what was trained would be lost without a word.
        Assert.Contains("call Merge() first", Assert.Throws<AdaLoRAException>(() => HuggingFaceFolder.Write(model, _folder.File("written"), source)).Message);
        Assert.False(Directory.Exists(_folder.File("written")));
        set.Deactivate();
        HuggingFaceFolder.Write(model, _folder.File("written"), source);
        Assert.Equal(File.ReadAllBytes(Path.Combine(source, "model.safetensors")), File.ReadAllBytes(_folder.File("written/model.safetensors")));
    }

    [Fact]
    public void Changed_weights_are_written_and_nothing_of_the_source_stays()
    {
        string source = Fixtures.Path("hf", "gpt2");
        using var model = Gpt2ForCausalLM.FromPretrained(source);
        using (torch.no_grad()) model.transformer.h[1].mlp.c_fc.weight.add_(1);
        HuggingFaceFolder.Write(model, _folder.File("written"), source);
        using var again = Gpt2ForCausalLM.FromPretrained(_folder.File("written"));
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5);
        TensorAssert.Close(model.call(ids, null), again.call(ids, null), 0);
        using var before = Gpt2ForCausalLM.FromPretrained(source);
        Assert.NotEqual(0, (before.call(ids, null) - again.call(ids, null)).abs().max().item<float>());
    }

    [Fact]
    public void A_bare_backbone_keeps_the_keys_of_its_source_and_says_what_it_is()
    {
        string source = Fixtures.Path("hf", "bert");
        using BertModel model = BertModel.FromPretrained(source);
        HuggingFaceFolder.Write(model, _folder.File("written"), source);
        using HuggingFaceCheckpoint read = HuggingFaceCheckpoint.Open(_folder.File("written"));
        Assert.Equal(Fixtures.Tensors("hf", "bert", "model.safetensors").Keys.Where(key => key.StartsWith("bert.", StringComparison.Ordinal) && !key.Contains("pooler", StringComparison.Ordinal)).Order(StringComparer.Ordinal), read.Names);
        Assert.Equal("BertModel", Config("written")["architectures"]![0]!.GetValue<string>());
    }

    [Fact]
    public void A_new_head_over_a_bare_encoder_is_written_under_the_names_of_the_classifier()
    {
        string bare = _folder.File("bare"), written = _folder.File("written");
        Directory.CreateDirectory(bare);
        File.Copy(Path.Combine(Fixtures.Path("hf", "bert"), "config.json"), Path.Combine(bare, "config.json"));
        SafetensorsWriter.Write(Path.Combine(bare, "model.safetensors"), Fixtures.Tensors("hf", "bert", "model.safetensors").Where(pair => pair.Key.StartsWith("bert.", StringComparison.Ordinal)).Select(pair => KeyValuePair.Create(pair.Key[5..], pair.Value)));
        using var model = BertForSequenceClassification.FromPretrained(bare, labelCount: 4);
        HuggingFaceFolder.Write(model, written, bare);
        using HuggingFaceCheckpoint read = HuggingFaceCheckpoint.Open(written);
        Assert.Equal(Fixtures.Tensors("hf", "bert", "model.safetensors").Keys.Order(StringComparer.Ordinal), read.Names);
        using HuggingFaceModel again = HuggingFaceModel.Open(written);
        Assert.Equal([4, 24], ((BertForSequenceClassification)again.Module).classifier.weight.shape);
        Assert.Equal("LABEL_3", Config("written")["id2label"]!["3"]!.GetValue<string>());
    }

    [Fact]
    public void Config_says_the_type_that_was_written_and_no_quantisation()
    {
        using BertModel model = BertModel.FromPretrained(Fixtures.MiniLM, dtype: ScalarType.BFloat16);
        HuggingFaceFolder.Write(model, _folder.File("written"), Fixtures.MiniLM, configure: config => config["note"] = "mine");
        JsonObject config = Config("written");
        Assert.Equal("bfloat16", config["torch_dtype"]!.GetValue<string>());
        Assert.False(config.ContainsKey("quantization_config"));
        Assert.Equal("mine", config["note"]!.GetValue<string>());
        using SafetensorsFile file = SafetensorsFile.Open(_folder.File("written/model.safetensors"));
        Assert.All(file.Entries.Values, entry => Assert.Equal("BF16", entry.DType));
        Assert.Contains("vocab.txt", Files(_folder.File("written")));
    }

    [Fact]
    public void Files_beside_the_weights_are_copied_and_weights_of_other_forms_are_not()
    {
        string source = _folder.File("source");
        Directory.CreateDirectory(Path.Combine(source, "1_Pooling"));
        Directory.CreateDirectory(Path.Combine(source, ".git"));
        foreach (string file in (string[])["tokenizer.model", "tokenizer.json", "merges.txt", "1_Pooling/config.json", "pytorch_model.bin", "model.onnx", "adapter_config.json", ".git/HEAD", "consolidated.00.pth"]) File.WriteAllText(Path.Combine(source, file), file);
        foreach (string file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(Fixtures.Path("hf", "gpt2"), file), Path.Combine(source, file));
        using var model = Gpt2ForCausalLM.FromPretrained(source);
        // Inside its own source.
        HuggingFaceFolder.Write(model, Path.Combine(source, "merged"), source);
        Assert.Equal(["1_Pooling/config.json", "config.json", "merges.txt", "model.safetensors", "tokenizer.json", "tokenizer.model"], Files(Path.Combine(source, "merged")));
    }

    [Fact]
    public void Without_a_source_weights_alone_are_written_under_the_models_names()
    {
        using var model = nn.Sequential(("a", nn.Linear(3, 2)), ("b", nn.BatchNorm1d(2)));
        HuggingFaceFolder.Write(model, _folder.File("written"));
        Assert.Equal(["model.safetensors"], Files(_folder.File("written")));
        using HuggingFaceCheckpoint read = HuggingFaceCheckpoint.Open(_folder.File("written"));
        Assert.Equal(["a.bias", "a.weight", "b.bias", "b.num_batches_tracked", "b.running_mean", "b.running_var", "b.weight"], read.Names);
    }

    [Fact]
    public void A_failure_half_way_leaves_nothing()
    {
        using var model = new Half();
        Assert.Contains("safetensors has no name for", Assert.Throws<SafetensorsException>(() => HuggingFaceFolder.Write(model, _folder.File("written"), Fixtures.Path("hf", "gpt2"), shardBytes: 1)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Nothing_is_overwritten_and_every_refusal_is_a_sentence()
    {
        using var model = nn.Sequential(("a", nn.Linear(3, 2)));
        File.WriteAllText(_folder.File("file"), "");
        Assert.Contains("is a file", Assert.Throws<AdaLoRAException>(() => HuggingFaceFolder.Write(model, _folder.File("file"))).Message, StringComparison.Ordinal);
        Assert.Contains("is not empty", Assert.Throws<AdaLoRAException>(() => HuggingFaceFolder.Write(model, _folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("There is no folder", Assert.Throws<AdaLoRAException>(() => HuggingFaceFolder.Write(model, _folder.File("written"), _folder.File("nowhere"))).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder.File("empty"));
        HuggingFaceFolder.Write(model, _folder.File("empty"));
        Assert.Equal(["model.safetensors"], Files(_folder.File("empty")));
    }

    private JsonObject Config(string name) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(_folder.File(name), "config.json")))!.AsObject();

    private static string[] Files(string folder) => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>Its second tensor has a type that the format cannot hold.</summary>
    private sealed class Half : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.Linear sound = nn.Linear(3, 2, hasBias: false);
        public readonly TorchSharp.Modules.Parameter unsound = new(torch.zeros(2, dtype: ScalarType.ComplexFloat64), requires_grad: false);

        public Half() : base(nameof(Half)) => RegisterComponents();

        public override Tensor forward(Tensor input) => sound.call(input);
    }
}
