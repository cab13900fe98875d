using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Peft;

/// <summary>What leaves for other programs: whole models, and llama.cpp's adapters.</summary>
public sealed class ExportTests
{
    [Theory]
    [InlineData("llama", "llama_adalora_pruned", 5_000_000_000)]
    [InlineData("llama", "llama_lora_rslora", 8_000)]
    [InlineData("gpt2", "gpt2_adalora_conv1d", 8_000)]
    [InlineData("bert", "bert_adalora_pruned", 8_000)]
    public void A_merged_model_is_a_hugging_face_folder_with_PEFTs_merged_logits(string model, string adapter, long shardBytes)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        var io = Fixtures.Tensors("hf", model, "io.safetensors");
        using (var opened = HuggingFaceModel.Open(Fixtures.Path("hf", model)))
        {
            var set = AdapterSet.Load(opened.Module, Fixtures.Path("peft", adapter));
            set.Merge();
            HuggingFaceFolder.Write(opened.Module, folder.File("merged"), Fixtures.Path("hf", model), shardBytes);
        }
        Assert.Equal(shardBytes < 1_000_000, File.Exists(folder.File("merged/model.safetensors.index.json")));
        using var theirs = HuggingFaceCheckpoint.Open(Fixtures.Path("hf", model));
        using (var ours = HuggingFaceCheckpoint.Open(folder.File("merged"))) Assert.Equal(theirs.Names, ours.Names);

        using var again = HuggingFaceModel.Open(folder.File("merged"));
        var inputs = io.Where(t => t.Key.StartsWith("in.", StringComparison.Ordinal) && t.Key != "in.labels").ToDictionary(t => t.Key[3..], t => t.Value);
        var expected = Fixtures.Tensors("peft", adapter, "io.safetensors")["out.logits_merged"];
        if (expected.dim() == 3) expected *= io["in.attention_mask"].unsqueeze(-1);
        TensorAssert.Close(expected, again.Logits(inputs), 1e-5, "logits of the merged folder");
        Assert.True((expected - io["out.logits"]).abs().max().item<float>() > 1e-3, "the adapter changes something");
    }

    /// <summary>Read back, each pair is ΔW of its layer, whatever ranks the budget left.</summary>
    [Theory]
    [InlineData("llama_adalora_pruned")]
    [InlineData("llama_lora_rslora")]
    public void A_gguf_adapter_holds_the_deltas(string adapter)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var folder = new TemporaryFolder();
        using var model = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", "llama"));
        var set = AdapterSet.Load(model, Fixtures.Path("peft", adapter));
        var heads = new LlamaHeads(4, 2);
        set.SaveAsGguf(folder.File("adapter.gguf"), heads, "tiny");
        using var read = GgufLoraReader.Read(folder.File("adapter.gguf"));
        Assert.Equal((heads, "tiny"), (read.Heads, read.Name));
        var living = set.Adapters.Where(a => a.Rank > 0).ToList();
        Assert.Equal(living.Select(a => a.Path).Order(StringComparer.Ordinal), read.Pairs.Select(p => p.Path).Order(StringComparer.Ordinal));
        foreach (var pair in read.Pairs)
        {
            var expected = set.Find(pair.Path).B().mm(set.Find(pair.Path).Folded());
            TensorAssert.Close(expected, pair.B.mm(pair.A) * pair.Scale(read.Alpha, 1), 1e-6, pair.Path);
        }
    }

    [Fact]
    public void A_head_trained_in_full_is_no_gguf_adapter()
    {
        using var folder = new TemporaryFolder();
        using var model = LlamaForCausalLM.FromPretrained(Fixtures.Path("hf", "llama"));
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 2, Targets = ["*.q_proj"], Trainable = ["lm_head"] });
        Assert.Contains("'lm_head.weight'", Assert.Throws<AdaLoRAException>(() => set.SaveAsGguf(folder.File("a.gguf"), new LlamaHeads(4, 2))).Message);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }
}

/// <summary>ΔW = B · (A ∘ E · scale), from the parameters that a user sees.</summary>
internal static class AdapterFactors
{
    public static Tensor B(this Adapter adapter) => adapter.lora_B.detach();

    public static Tensor Folded(this Adapter adapter) => (adapter.lora_E is { } e ? adapter.lora_A.detach() * e.detach() : adapter.lora_A.detach()) * adapter.Scale;
}
