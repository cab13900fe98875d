using AdaLoRA.Gen.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>The activations by their formulas; the tiny GPT-2 keeps too near to zero to tell the two gelus apart.</summary>
public sealed class ActivationTests
{
    [Theory]
    [InlineData("gelu", 1.9544997361)]
    [InlineData("gelu_new", 1.9545976941)]
    [InlineData("gelu_pytorch_tanh", 1.9545976941)]
    [InlineData("silu", 1.7615941560)]
    [InlineData("swish", 1.7615941560)]
    [InlineData("relu", 2)]
    public void Activations_have_the_values_of_their_formulas_at_two(string name, double expected)
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal(expected, Activation.Find(name)(torch.tensor(2.0)).item<double>(), 1e-9);
    }

    [Fact]
    public void GPT2_takes_the_activation_that_its_config_names()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Equal("gelu_new", new Gpt2Config().HiddenAct);
        var config = new Gpt2Config { VocabSize = 10, HiddenSize = 4, LayerCount = 1, HeadCount = 1, MaxPositions = 4, ResidualDropout = 0 };
        using Gpt2MLP tanh = new(config, null, ScalarType.Float64), exact = new(config with { HiddenAct = "gelu" }, null, ScalarType.Float64);
        exact.load_state_dict(tanh.state_dict());
        Tensor x = torch.full([1, 4], 50.0, ScalarType.Float64), nothing = torch.zeros(1, 4, dtype: ScalarType.Float64);
        Tensor inner = tanh.c_fc.call(x);
        TorchSharp.Modules.Parameter contract = tanh.c_proj.weight;
        Testing.TensorAssert.Close((inner.gelu(TorchSharp.Modules.GELU.Approximate.tanh).mm(contract)).to(ScalarType.Float32), tanh.call(x, nothing).to(ScalarType.Float32), 1e-6);
        Assert.True((tanh.call(x, nothing) - exact.call(x, nothing)).abs().max().item<double>() > 1e-8);
    }
}
