using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>One layer: norm and attention, norm and feed-forward part, each added to what came in.</summary>
public sealed class LlamaDecoderLayer : nn.Module<Tensor, TokenLayout, RotaryAngles, Tensor>
{
    /// <summary>Attention.</summary>
    public readonly LlamaAttention self_attn;

    /// <summary>Feed-forward part.</summary>
    public readonly LlamaMLP mlp;

    /// <summary>Norm before attention.</summary>
    public readonly RmsNorm input_layernorm;

    /// <summary>Norm before the feed-forward part.</summary>
    public readonly RmsNorm post_attention_layernorm;

    internal LlamaDecoderLayer(LlamaConfig config, BaseWeights weights, Device? device, ScalarType? dtype) : base(nameof(LlamaDecoderLayer))
    {
        self_attn = new LlamaAttention(config, weights, device, dtype);
        mlp = new LlamaMLP(config, weights, device, dtype);
        input_layernorm = new RmsNorm(config.HiddenSize, config.RmsNormEps, device, dtype);
        post_attention_layernorm = new RmsNorm(config.HiddenSize, config.RmsNormEps, device, dtype);
        RegisterComponents();
    }

    /// <summary>Runs the layer.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <param name="angles">Angles of the rows' positions.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout, RotaryAngles angles)
    {
        using var scope = torch.NewDisposeScope();
        Tensor attended = self_attn.call(input_layernorm.call(hidden), hidden, layout, angles);
        return mlp.call(post_attention_layernorm.call(attended), attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Feed-forward part with a gate (Shazeer 2020) and the residual: down(act(gate x) ⊙ up x).</summary>
public sealed class LlamaMLP : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Gate, [I, H].</summary>
    public readonly QuantizableLinear gate_proj;

    /// <summary>Expansion, [I, H].</summary>
    public readonly QuantizableLinear up_proj;

    /// <summary>Contraction, [H, I].</summary>
    public readonly QuantizableLinear down_proj;

    private readonly Func<Tensor, Tensor> _activation;

    internal LlamaMLP(LlamaConfig config, BaseWeights weights, Device? device, ScalarType? dtype) : base(nameof(LlamaMLP))
    {
        gate_proj = new QuantizableLinear(config.HiddenSize, config.IntermediateSize, config.MlpBias, weights, device, dtype);
        up_proj = new QuantizableLinear(config.HiddenSize, config.IntermediateSize, config.MlpBias, weights, device, dtype);
        down_proj = new QuantizableLinear(config.IntermediateSize, config.HiddenSize, config.MlpBias, weights, device, dtype);
        _activation = Activation.Find(config.HiddenAct);
        RegisterComponents();
    }

    /// <summary>Expands through the gate, contracts and adds the residual.</summary>
    /// <param name="normed">[N, H].</param>
    /// <param name="residual">[N, H].</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor normed, Tensor residual)
    {
        using var scope = torch.NewDisposeScope();
        Tensor gated = _activation(gate_proj.call(normed)) * up_proj.call(normed);
        return Layers.AddResidual(down_proj, null, gated, residual).MoveToOuterDisposeScope();
    }
}
