using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Self-attention with its output projection (Vaswani et al. 2017, section 3.2; BERT puts the norm behind the residual).</summary>
public sealed class BertAttention : nn.Module<Tensor, TokenLayout, Tensor>
{
    /// <summary>Query, key and value projections and the attention itself.</summary>
    public readonly BertSelfAttention self;

    /// <summary>Output projection, residual and norm.</summary>
    public readonly BertSelfOutput output;

    internal BertAttention(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertAttention))
    {
        self = new BertSelfAttention(config, device, dtype);
        output = new BertSelfOutput(config, device, dtype);
        RegisterComponents();
    }

    /// <summary>Attends within each sequence.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        using Tensor context = self.call(hidden, layout);
        return output.call(context, hidden);
    }
}

/// <summary>Query, key and value projections and the attention itself.</summary>
public sealed class BertSelfAttention : nn.Module<Tensor, TokenLayout, Tensor>
{
    /// <summary>Query projection, [H, H].</summary>
    public readonly Linear query;

    /// <summary>Key projection, [H, H].</summary>
    public readonly Linear key;

    /// <summary>Value projection, [H, H].</summary>
    public readonly Linear value;

    private readonly long _heads;
    private readonly double _dropout;

    internal BertSelfAttention(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertSelfAttention))
    {
        query = nn.Linear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        key = nn.Linear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        value = nn.Linear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        (_heads, _dropout) = (config.HeadCount, config.AttentionDropout);
        RegisterComponents();
    }

    /// <summary>Attends within each sequence.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>Mixed values, [N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        using var scope = torch.NewDisposeScope();
        return PackedAttention.Attend(query.call(hidden), key.call(hidden), value.call(hidden), _heads, layout, training ? _dropout : 0).MoveToOuterDisposeScope();
    }
}

/// <summary>Output projection of attention, residual and norm.</summary>
public sealed class BertSelfOutput : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Output projection, [H, H].</summary>
    public readonly Linear dense;

    /// <summary>Norm behind the residual.</summary>
    public readonly LayerNorm LayerNorm;

    /// <summary>Dropout before the residual.</summary>
    public readonly Dropout dropout;

    internal BertSelfOutput(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertSelfOutput))
    {
        dense = nn.Linear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        LayerNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device, dtype: dtype);
        dropout = nn.Dropout(config.HiddenDropout);
        RegisterComponents();
    }

    /// <summary>Projects, adds the residual and normalises.</summary>
    /// <param name="context">[N, H].</param>
    /// <param name="residual">[N, H].</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor context, Tensor residual) => Layers.AddAndNorm(dense, dropout, LayerNorm, context, residual);
}
