using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>PEFT saves the base weight of an adapted embedding beside its factors (save_embedding_layers = "auto"). It was not trained; the adapter can be a GGUF file.</summary>
public sealed class GgufOfAPeftEmbeddingTests
{
    [Fact]
    public void An_unchanged_base_weight_that_came_along_is_no_obstacle()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var model = new LlamaForCausalLM(new LlamaConfig { VocabSize = 30, HiddenSize = 8, LayerCount = 1, HeadCount = 2, IntermediateSize = 8 });
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["model.embed_tokens"] });
        set.SaveAsGguf(folder.File("before.gguf"), new LlamaHeads(2, 2));
        set.Save(folder.File("peft"));
        set.Detach();
        string path = folder.File("peft/adapter_model.safetensors");
        List<KeyValuePair<string, Tensor>> tensors;
        using (var file = SafetensorsFile.Open(path)) tensors = [.. file.Names.Select(n => KeyValuePair.Create(n, file.Read(n)))];
        tensors.Add(KeyValuePair.Create("base_model.model.model.embed_tokens.base_layer.weight", model.model.embed_tokens.weight!.detach().clone()));
        SafetensorsWriter.Write(path, tensors);
        set = AdapterSet.Load(model, folder.File("peft"));
        set.SaveAsGguf(folder.File("after.gguf"), new LlamaHeads(2, 2));
        Assert.Equal(File.ReadAllBytes(folder.File("before.gguf")), File.ReadAllBytes(folder.File("after.gguf")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(600)]
    [InlineData(2000)]
    [InlineData(100_000_000)]
    public void Shards_hold_everything_once_and_the_index_says_how_much(long shardBytes)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var model = new LlamaForCausalLM(new LlamaConfig { VocabSize = 30, HiddenSize = 8, LayerCount = 2, HeadCount = 2, IntermediateSize = 8 }, dtype: ScalarType.BFloat16);
        HuggingFaceFolder.Write(model, folder.File("out"), shardBytes: shardBytes);
        using var read = HuggingFaceCheckpoint.Open(folder.File("out"));
        Assert.Equal(model.named_parameters().Select(p => p.name).Order(StringComparer.Ordinal), read.Names.Order(StringComparer.Ordinal));
        foreach (var (name, p) in model.named_parameters()) Assert.True(p.equal(read.Read(name)).all().item<bool>());
        string index = folder.File("out/model.safetensors.index.json");
        Assert.Equal(shardBytes < 100_000_000, File.Exists(index));
        if (File.Exists(index)) Assert.Equal(model.parameters().Sum(p => p.numel() * 2), (long)System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(index))!["metadata"]!["total_size"]!);
        foreach (string shard in Directory.GetFiles(folder.File("out"), "*.safetensors"))
        {
            using var file = SafetensorsFile.Open(shard);
            long bytes = file.Names.Sum(n => file.Entries[n].Shape.Aggregate(1L, (a, b) => a * b) * 2);
            Assert.True(bytes <= shardBytes || file.Names.Count == 1);
        }
    }
}
