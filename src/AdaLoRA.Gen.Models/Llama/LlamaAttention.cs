using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Causal grouped-query attention with rotary positions, its output projection and the residual.</summary>
public sealed class LlamaAttention : nn.Module<Tensor, Tensor, TokenLayout, RotaryAngles, Tensor>
{
    /// <summary>Query projection, [heads d, H].</summary>
    public readonly QuantizableLinear q_proj;

    /// <summary>Key projection, [key heads d, H].</summary>
    public readonly QuantizableLinear k_proj;

    /// <summary>Value projection, [key heads d, H].</summary>
    public readonly QuantizableLinear v_proj;

    /// <summary>Output projection, [H, heads d].</summary>
    public readonly QuantizableLinear o_proj;

    private readonly long _heads;
    private readonly long _keyHeads;
    private readonly double _dropout;

    internal LlamaAttention(LlamaConfig config, BaseWeights weights, Device? device, ScalarType? dtype) : base(nameof(LlamaAttention))
    {
        (_heads, _keyHeads, _dropout) = (config.HeadCount, config.KeyHeads, config.AttentionDropout);
        q_proj = new QuantizableLinear(config.HiddenSize, _heads * config.HeadWidth, config.AttentionBias, weights, device, dtype);
        k_proj = new QuantizableLinear(config.HiddenSize, _keyHeads * config.HeadWidth, config.AttentionBias, weights, device, dtype);
        v_proj = new QuantizableLinear(config.HiddenSize, _keyHeads * config.HeadWidth, config.AttentionBias, weights, device, dtype);
        o_proj = new QuantizableLinear(_heads * config.HeadWidth, config.HiddenSize, config.AttentionBias, weights, device, dtype);
        RegisterComponents();
    }

    /// <summary>Attends within each sequence, backwards only, and adds the residual.</summary>
    /// <param name="normed">[N, H].</param>
    /// <param name="residual">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <param name="angles">Angles of the rows' positions.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor normed, Tensor residual, TokenLayout layout, RotaryAngles angles)
    {
        using var scope = torch.NewDisposeScope();
        Tensor q = angles.Turn(q_proj.call(normed), _heads), k = angles.Turn(k_proj.call(normed), _keyHeads);
        Tensor mixed = PackedAttention.Attend(q, k, v_proj.call(normed), _heads, layout, training ? _dropout : 0, _keyHeads);
        return Layers.AddResidual(o_proj, null, mixed, residual).MoveToOuterDisposeScope();
    }
}
