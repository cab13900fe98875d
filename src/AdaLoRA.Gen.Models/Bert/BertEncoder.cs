using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>The stack of layers.</summary>
public sealed class BertEncoder : nn.Module<Tensor, TokenLayout, Tensor>
{
    /// <summary>The layers, first to last.</summary>
    public readonly ModuleList<BertLayer> layer;

    internal BertEncoder(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertEncoder))
    {
        layer = new ModuleList<BertLayer>([.. Enumerable.Range(0, config.LayerCount).Select(_ => new BertLayer(config, device, dtype))]);
        RegisterComponents();
    }

    internal bool ActivationCheckpointing { get; set; }

    /// <summary>Runs all layers.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        using var scope = torch.NewDisposeScope();
        Tensor state = hidden;
        foreach (BertLayer one in layer) state = ActivationCheckpointing ? LayerCheckpoint.Run(one, (h, places) => one.call(h, places), state, layout) : one.call(state, layout);
        return state.MoveToOuterDisposeScope();
    }
}

/// <summary>One layer: attention, then the feed-forward part.</summary>
public sealed class BertLayer : nn.Module<Tensor, TokenLayout, Tensor>
{
    /// <summary>Attention with its output projection.</summary>
    public readonly BertAttention attention;

    /// <summary>Expansion of the feed-forward part.</summary>
    public readonly BertIntermediate intermediate;

    /// <summary>Contraction of the feed-forward part.</summary>
    public readonly BertOutput output;

    internal BertLayer(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertLayer))
    {
        attention = new BertAttention(config, device, dtype);
        intermediate = new BertIntermediate(config, device, dtype);
        output = new BertOutput(config, device, dtype);
        RegisterComponents();
    }

    /// <summary>Runs the layer.</summary>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    /// <returns>[N, H].</returns>
    public override Tensor forward(Tensor hidden, TokenLayout layout)
    {
        using var scope = torch.NewDisposeScope();
        Tensor attended = attention.call(hidden, layout);
        return output.call(intermediate.call(attended), attended).MoveToOuterDisposeScope();
    }
}
