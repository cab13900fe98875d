using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Checkpoints;

/// <summary>Folders in every form that they come in, and folders that do not fit.</summary>
public sealed class CheckpointLoaderTests : IDisposable
{
    private static readonly string Bert = Fixtures.Path("hf", "bert");
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public CheckpointLoaderTests() => File.Copy(Path.Combine(Bert, "config.json"), _folder.File("config.json"));

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Prefix_old_norm_names_and_position_ids_do_not_matter()
    {
        Write(weights => weights.Where(pair => pair.Key.StartsWith("bert.", StringComparison.Ordinal)).ToDictionary(
            pair => pair.Key["bert.".Length..].Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal).Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal), pair => pair.Value));
        AssertSameOutput(BertModel.FromPretrained(Bert), BertModel.FromPretrained(_folder.Path));
    }

    [Fact]
    public void A_bare_encoder_becomes_a_classifier_with_a_fresh_head()
    {
        Write(weights => weights.Where(pair => pair.Key.StartsWith("bert.", StringComparison.Ordinal)).ToDictionary(pair => pair.Key["bert.".Length..], pair => pair.Value));
        using BertForSequenceClassification model = BertForSequenceClassification.FromPretrained(_folder.Path, labelCount: 7);
        Assert.Equal([7, 24], model.classifier.weight.shape);
        Assert.All(model.parameters(), parameter => Assert.Equal(DeviceType.CPU, parameter.device_type));
        AssertSameOutput(BertModel.FromPretrained(Bert), model.bert);
    }

    [Fact]
    public void Shards_are_read_through_their_index()
    {
        Dictionary<string, Tensor> weights = Weights();
        string[] names = [.. weights.Keys];
        SafetensorsWriter.Write(_folder.File("a.safetensors"), names[..10].Select(name => KeyValuePair.Create(name, weights[name])));
        SafetensorsWriter.Write(_folder.File("b.safetensors"), names[10..].Select(name => KeyValuePair.Create(name, weights[name])));
        string map = string.Join(",", names.Select((name, i) => $"\"{name}\":\"{(i < 10 ? 'a' : 'b')}.safetensors\""));
        File.WriteAllText(_folder.File("model.safetensors.index.json"), $$$"""{"metadata":{},"weight_map":{ {{{map}}} } }""");
        AssertSameOutput(BertModel.FromPretrained(Bert), BertModel.FromPretrained(_folder.Path));

        File.WriteAllText(_folder.File("model.safetensors.index.json"), """{"weight_map":{"x":"../a.safetensors"}}""");
        Assert.Contains("not a file beside it", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_precision_becomes_float32()
    {
        Write(weights => weights.ToDictionary(pair => pair.Key, pair => pair.Value.to(ScalarType.BFloat16)));
        using BertModel model = BertModel.FromPretrained(_folder.Path);
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
        using BertModel half = BertModel.FromPretrained(_folder.Path, dtype: ScalarType.BFloat16);
        Assert.All(half.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
    }

    [Fact]
    public void A_loaded_model_can_be_moved_to_another_type()
    {
        using BertModel model = BertModel.FromPretrained(Bert);
        model.to(ScalarType.Float64);
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
        Tensor ids = torch.tensor(new long[,] { { 5, 6, 7 }, { 8, 9, 0 } });
        Assert.Equal(ScalarType.Float64, model.call(ids, ids, null).MeanPool().dtype);
    }

    [Fact]
    public void Everything_that_does_not_fit_is_one_sentence()
    {
        Write(weights =>
        {
            weights.Remove("bert.encoder.layer.0.attention.self.query.weight");
            weights["bert.encoder.layer.0.attention.self.qeury.weight"] = torch.ones(24, 24);
            weights["bert.encoder.layer.1.output.dense.bias"] = torch.ones(25);
            weights["bert.encoder.layer.1.output.dense.weight"] = torch.ones(24, 40, dtype: ScalarType.Int8);
            return weights;
        });
        string message = Refusal();
        Assert.Contains("missing: encoder.layer.0.attention.self.query.weight", message, StringComparison.Ordinal);
        Assert.Contains("unexpected: bert.encoder.layer.0.attention.self.qeury.weight", message, StringComparison.Ordinal);
        Assert.Contains("bert.encoder.layer.1.output.dense.bias is [25] where the model has [24]", message, StringComparison.Ordinal);
        Assert.Contains("dense.weight is I8 without", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_changes_nothing()
    {
        Write(weights =>
        {
            weights.Remove("bert.encoder.layer.1.output.dense.weight");
            return weights;
        });
        using var model = new BertModel(BertConfig.FromFolder(Bert));
        Dictionary<string, Tensor> before = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.clone());
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(_folder.Path);
        Assert.Throws<AdaLoRAException>(() => CheckpointLoader.Load(model, checkpoint, new CheckpointMapping { Prefix = "bert.", Ignored = ["*pooler*", "classifier.*"] }));
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters()) TensorAssert.Close(before[name], parameter, 0, name);
    }

    [Fact]
    public void A_module_in_memory_is_overwritten_in_place()
    {
        using var model = new BertModel(BertConfig.FromFolder(Bert) with { HiddenDropout = 0, AttentionDropout = 0 });
        nint handle = model.encoder.layer[0].output.dense.weight.Handle;
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(Bert);
        CheckpointLoader.Load(model, checkpoint, new CheckpointMapping { Prefix = "bert.", Ignored = ["*pooler*", "classifier.*"] });
        Assert.Equal(handle, model.encoder.layer[0].output.dense.weight.Handle);
        AssertSameOutput(BertModel.FromPretrained(Bert), model);
    }

    [Theory]
    [InlineData("\"model_type\": \"bert\"", "\"model_type\": \"gpt2\"", "has model_type 'gpt2'; this class is for 'bert'")]
    [InlineData("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "The activation 'mish' is unknown")]
    [InlineData("\"num_attention_heads\": 3", "\"num_attention_heads\": 5", "hidden_size 24 is not a multiple of num_attention_heads 5")]
    [InlineData("\"vocab_size\": 96", "\"vocab_size\": \"many\"", "vocab_size many; it must be a whole number")]
    [InlineData("\"is_decoder\": false", "\"is_decoder\": true", "is a decoder")]
    [InlineData("{", "[", "is not valid JSON")]
    public void A_configuration_that_cannot_be_built_is_a_sentence(string was, string becomes, string sentence)
    {
        File.WriteAllText(_folder.File("config.json"), File.ReadAllText(_folder.File("config.json")).Replace(was, becomes, StringComparison.Ordinal));
        Assert.Contains(sentence, Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_and_a_folder_with_pickles_are_sentences()
    {
        Assert.Contains("has neither model.safetensors nor", Refusal(), StringComparison.Ordinal);
        File.WriteAllText(_folder.File("pytorch_model.bin"), "");
        Assert.Contains("Python pickles", Refusal(), StringComparison.Ordinal);
        Assert.Contains("There is no file", Assert.Throws<AdaLoRAException>(() => BertModel.FromPretrained("nowhere")).Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, Tensor> Weights() => Fixtures.Tensors("hf", "bert", "model.safetensors");

    private void Write(Func<Dictionary<string, Tensor>, Dictionary<string, Tensor>> change) => SafetensorsWriter.Write(_folder.File("model.safetensors"), change(Weights()));

    private string Refusal() => Assert.Throws<AdaLoRAException>(() => BertModel.FromPretrained(_folder.Path)).Message;

    private static void AssertSameOutput(BertModel expected, BertModel actual)
    {
        Tensor ids = torch.arange(5, 15, dtype: ScalarType.Int64).view(2, 5);
        TensorAssert.Close(expected.call(ids, null, null).Rows, actual.call(ids, null, null).Rows, 1e-6, "output");
    }
}
