using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Peft;

/// <summary>A real adapter that PEFT trained. The small ones of fixtures/peft are the conformance program's.</summary>
public sealed class PeftFolderTests
{
    /// <summary>
    /// The predictions of a real adapter. The recorded logits lie 0.08 (of 12.4) away on every sentence, whatever the scale, while the same encoder gives the recorded embeddings to 2e-5 and
    /// the small BERT its logits to 1e-5: they were made with weights before quantisation, it seems.
    /// </summary>
    [Fact]
    public void Banking77_adapter_gives_PEFTs_predictions_on_MiniLM()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var io = Fixtures.Tensors("minilm", "banking77_adalora", "io.safetensors");
        using var encoder = BertModel.FromPretrained(Fixtures.MiniLM);
        AdapterSet.Load(encoder, Fixtures.Path("minilm", "banking77_adalora"));
        using var encoded = encoder.call(io["in.ids"], io["in.mask"], null);
        var logits = nn.functional.linear(encoded.MeanPool(), io["head.weight"], io["head.bias"]);
        Assert.True(logits.argmax(1).equal(io["out.logits"].argmax(1)).all().item<bool>());
        Assert.True(allclose(io["out.logits"], logits, 0, 0.1));
    }
}
