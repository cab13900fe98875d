using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Conformance.Training;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Tests.Fuzzing;

/// <summary>What the fuzzer found, one test a bug.</summary>
public sealed class ReaderBugsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("""{"peft_type":"LORA","alpha_pattern":{"a":1,"a":2}}""")]
    [InlineData("""{"peft_type":"ADALORA","rank_pattern":{"a":[true],"a":[true]}}""")]
    [InlineData("""{"peft_type":"LORA","x":[{"a":1,"a":2}]}""")]
    public void A_name_that_stands_twice_inside_a_config_was_an_ArgumentException(string json) => Assert.Contains("no valid JSON", ConfigError(json));

    [Theory]
    [InlineData("""{"peft_type":"\ud800"}""")]
    [InlineData("""{"peft_type":"LORA","lora_alpha":"\ud800"}""")]
    [InlineData("""{"peft_type":"LORA","alpha_pattern":{"\udc00":1}}""")]
    public void Half_a_surrogate_pair_in_a_config_was_an_InvalidOperationException(string json) => Assert.Contains("no valid JSON", ConfigError(json));

    [Fact]
    public void A_pattern_with_and_without_lora_E_was_an_ArgumentException()
    {
        string error = ConfigError("""{"peft_type":"ADALORA","rank_pattern":{"a":[true],"a.lora_E":[true]}}""");
        Assert.Contains("'a' twice", error);
    }

    [Fact]
    public void An_alpha_beyond_double_passed_as_infinity()
    {
        string error = ConfigError("""{"peft_type":"LORA","alpha_pattern":{"a":1e999}}""");
        Assert.Contains("'alpha_pattern' of 'a' is no number", error);
    }

    [Theory]
    [InlineData("method", "\"\\ud800\"")]
    [InlineData("targets", "[{\"path\":\"\\ud800\"}]")]
    [InlineData("targets", "[{\"path\":\"a\",\"path\":\"b\"}]")]
    public void Half_a_surrogate_pair_or_a_doubled_name_in_training_json_was_no_AdaLoRAException(string field, string value)
    {
        using var model = new TinyModel(0, ScalarType.Float32);
        model.AttachAdaLoRA();
        using var optimizer = model.CreateAdaLoRAOptimizer(40);
        optimizer.SaveState(_folder.Path);
        string path = _folder.File("training.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json.Remove(field);
        string rest = json.ToJsonString();
        File.WriteAllText(path, $"{{\"{field}\":{value},{rest[1..]}");
        Assert.Contains("no training state", Assert.Throws<AdaLoRAException>(() => optimizer.LoadState(_folder.Path)).Message);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The sentence with which loading refuses a config; tensors are not looked at before it.</summary>
    private string ConfigError(string json)
    {
        File.WriteAllText(_folder.File("adapter_config.json"), json);
        using var model = new TinyModel(0, ScalarType.Float32);
        return Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.Path)).Message;
    }
}
