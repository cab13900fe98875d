using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>The base weight that came along with PEFT's adapted embedding is written with ΔW in it while the set is merged: whoever loads the folder has ΔW twice.</summary>
public sealed class SavedWhileMergedTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_set_saved_while_merged_is_the_set(bool merged)
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var config = new LlamaConfig { VocabSize = 30, HiddenSize = 8, LayerCount = 1, HeadCount = 2, IntermediateSize = 8 };
        var model = new LlamaForCausalLM(config);
        var other = new LlamaForCausalLM(config);
        other.load_state_dict(model.state_dict());
        model.eval();
        other.eval();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["model.embed_tokens"] });
        using (no_grad()) foreach (var adapter in set.Adapters) { adapter.lora_A.copy_(randn_like(adapter.lora_A)); adapter.lora_B.copy_(randn_like(adapter.lora_B)); }
        set.Save(folder.File("peft"));
        set.Detach();
        string path = folder.File("peft/adapter_model.safetensors");
        List<KeyValuePair<string, Tensor>> tensors;
        using (var file = SafetensorsFile.Open(path)) tensors = [.. file.Names.Select(n => KeyValuePair.Create(n, file.Read(n)))];
        tensors.Add(KeyValuePair.Create("base_model.model.model.embed_tokens.base_layer.weight", model.model.embed_tokens.weight!.detach().clone()));
        SafetensorsWriter.Write(path, tensors);

        set = AdapterSet.Load(model, folder.File("peft"));
        var ids = arange(10L).reshape(1, 10);
        using var _ = no_grad();
        var expected = model.call(ids, null);
        if (merged) set.Merge();
        set.Save(folder.File("again"));
        AdapterSet.Load(other, folder.File("again"));
        float error = (expected - other.call(ids, null)).abs().max().item<float>();
        Assert.True(error < 1e-4, $"{error}");
    }
}
