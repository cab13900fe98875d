using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>An adapter on a tied embedding changes the words alone; merged, it changes the head, too.</summary>
public sealed class TiedEmbeddingTests
{
    [Fact]
    public void Merged_logits_are_the_logits()
    {
        using var scope = NewDisposeScope();
        var model = new Gpt2ForCausalLM(new Gpt2Config { VocabSize = 20, HiddenSize = 8, LayerCount = 1, HeadCount = 2, MaxPositions = 16 });
        model.eval();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 4, Targets = ["transformer.wte"] });
        using (no_grad()) foreach (var p in set.parameters()) p.normal_(0, 0.5);
        set.Refold();
        using var ids = tensor(new long[] { 1, 2, 3 }).reshape(1, 3);
        var expected = model.call(ids, null).detach();
        Assert.Contains("used a second time by Gpt2ForCausalLM (tied weights)", Assert.Throws<AdaLoRAException>(() => set.Merge()).Message);
        Assert.Equal(0, (expected - model.call(ids, null)).abs().max().item<float>());
    }
}
