using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>One layer: norm and attention, norm and feed-forward part, each added to what came in (Radford et al. 2019, section 2.3).</summary>
public sealed class Gpt2Block : nn.Module<Tensor, TokenLayout, Tensor>
{
    /// <summary>Norm before attention.</summary>
    public readonly LayerNorm ln_1;

    /// <summary>Attention.</summary>
    public readonly Gpt2Attention attn;

    /// <summary>Norm before the feed-forward part.</summary>
    public readonly LayerNorm ln_2;

    /// <summary>Feed-forward part.</summary>
    public readonly Gpt2MLP mlp;

    internal Gpt2Block(Gpt2Config config, Device? device, ScalarType? dtype) : base(nameof(Gpt2Block))
    {
        ln_1 = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device, dtype: dtype);
        attn = new Gpt2Attention(config, device, dtype);
        ln_2 = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device, dtype: dtype);
        mlp = new Gpt2MLP(config, device, dtype);
        RegisterComponents();
    }

    /// <summary>Runs the layer.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        using var scope = torch.NewDisposeScope();
        Tensor attended = attn.call(ln_1.call(hidden), hidden, layout);
        return mlp.call(ln_2.call(attended), attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Causal self-attention with its output projection and the residual.</summary>
public sealed class Gpt2Attention : nn.Module<Tensor, Tensor, TokenLayout, Tensor>
{
    /// <summary>Query, key and value side by side, [H, 3 H].</summary>
    public readonly TransposedLinear c_attn;

    /// <summary>Output projection, [H, H].</summary>
    public readonly TransposedLinear c_proj;

    /// <summary>Dropout before the residual.</summary>
    public readonly Dropout resid_dropout;

    private readonly long _heads;
    private readonly double _dropout;

    internal Gpt2Attention(Gpt2Config config, Device? device, ScalarType? dtype) : base(nameof(Gpt2Attention))
    {
        c_attn = new TransposedLinear(config.HiddenSize, 3 * config.HiddenSize, device: device, dtype: dtype);
        c_proj = new TransposedLinear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        resid_dropout = nn.Dropout(config.ResidualDropout);
        (_heads, _dropout) = (config.HeadCount, config.AttentionDropout);
        RegisterComponents();
    }

    /// <summary>Attends within each sequence, backwards only, and adds the residual.</summary>
    /// <param name="normed">[N, H].</param>
    /// <param name="residual">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor normed, Tensor residual, TokenLayout layout)
    {
        using var scope = torch.NewDisposeScope();
        Tensor[] qkv = c_attn.call(normed).chunk(3, 1);
        Tensor mixed = PackedAttention.Attend(qkv[0], qkv[1], qkv[2], _heads, layout, training ? _dropout : 0);
        return Layers.AddResidual(c_proj, resid_dropout, mixed, residual).MoveToOuterDisposeScope();
    }
}

/// <summary>Feed-forward part with the residual: expand, activate, contract.</summary>
public sealed class Gpt2MLP : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Expansion, [H, I].</summary>
    public readonly TransposedLinear c_fc;

    /// <summary>Contraction, [I, H].</summary>
    public readonly TransposedLinear c_proj;

    /// <summary>Dropout before the residual.</summary>
    public readonly Dropout dropout;

    private readonly Func<Tensor, Tensor> _activation;

    internal Gpt2MLP(Gpt2Config config, Device? device, ScalarType? dtype) : base(nameof(Gpt2MLP))
    {
        long inner = config.IntermediateSize ?? 4 * config.HiddenSize;
        c_fc = new TransposedLinear(config.HiddenSize, inner, device: device, dtype: dtype);
        c_proj = new TransposedLinear(inner, config.HiddenSize, device: device, dtype: dtype);
        dropout = nn.Dropout(config.ResidualDropout);
        _activation = Activation.Find(config.HiddenAct);
        RegisterComponents();
    }

    /// <summary>Expands, activates, contracts and adds the residual.</summary>
    /// <param name="normed">[N, H].</param>
    /// <param name="residual">[N, H].</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor normed, Tensor residual)
    {
        using var scope = torch.NewDisposeScope();
        return Layers.AddResidual(c_proj, dropout, _activation(c_fc.call(normed)), residual).MoveToOuterDisposeScope();
    }
}
