using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Regressions;

/// <summary>Hugging Face's loss of a language model is computed in float32 whatever the model's type (logits.float() in ForCausalLMLoss); in bfloat16 it has 8 bits.</summary>
public sealed class HalfPrecisionLossTests
{
    [Theory]
    [InlineData(ScalarType.BFloat16)]
    public void The_loss_of_a_half_precision_model_is_that_of_its_logits_in_float32(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(1);
        var model = new LlamaForCausalLM(new LlamaConfig { VocabSize = 500, HiddenSize = 16, LayerCount = 1, HeadCount = 2, IntermediateSize = 16, InitializerRange = 0.5 }, dtype: dtype);
        model.eval();
        var ids = randint(500, [2, 40], dtype: ScalarType.Int64);
        using var _ = no_grad();
        var logits = model.call(ids, null).to(ScalarType.Float32);
        var expected = nn.functional.cross_entropy(logits.narrow(1, 0, 39).reshape(-1, 500), ids.narrow(1, 1, 39).reshape(-1)).item<float>();
        var loss = model.Loss(ids, null, ids);
        Assert.Equal(ScalarType.Float32, loss.dtype);
        Assert.Equal(expected, loss.to(ScalarType.Float32).item<float>(), 1e-4f);
    }
}
