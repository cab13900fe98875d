using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>First half of the feed-forward part: expand and activate.</summary>
public sealed class BertIntermediate : nn.Module<Tensor, Tensor>
{
    /// <summary>Expansion, [I, H].</summary>
    public readonly Linear dense;

    private readonly Func<Tensor, Tensor> _activation;

    internal BertIntermediate(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertIntermediate))
    {
        dense = nn.Linear(config.HiddenSize, config.IntermediateSize, device: device, dtype: dtype);
        _activation = Activation.Find(config.HiddenAct);
        RegisterComponents();
    }

    /// <summary>Expands and activates.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <returns>[N, I].</returns>
    public override Tensor forward(Tensor hidden)
    {
        using Tensor expanded = dense.call(hidden);
        return _activation(expanded);
    }
}

/// <summary>Second half of the feed-forward part: contract, residual and norm.</summary>
public sealed class BertOutput : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Contraction, [H, I].</summary>
    public readonly Linear dense;

    /// <summary>Norm behind the residual.</summary>
    public readonly LayerNorm LayerNorm;

    /// <summary>Dropout before the residual.</summary>
    public readonly Dropout dropout;

    internal BertOutput(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertOutput))
    {
        dense = nn.Linear(config.IntermediateSize, config.HiddenSize, device: device, dtype: dtype);
        LayerNorm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device, dtype: dtype);
        dropout = nn.Dropout(config.HiddenDropout);
        RegisterComponents();
    }

    /// <summary>Contracts, adds the residual and normalises.</summary>
    /// <param name="intermediate">[N, I].</param>
    /// <param name="residual">[N, H].</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor intermediate, Tensor residual) => Layers.AddAndNorm(dense, dropout, LayerNorm, intermediate, residual);
}
