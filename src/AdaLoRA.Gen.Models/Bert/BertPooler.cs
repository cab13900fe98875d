using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>A dense layer and tanh over the hidden state of [CLS].</summary>
public sealed class BertPooler : nn.Module<EncoderOutput, Tensor>
{
    /// <summary>The dense layer, [H, H].</summary>
    public readonly Linear dense;

    internal BertPooler(BertConfig config, Device? device, ScalarType? dtype) : base(nameof(BertPooler))
    {
        dense = nn.Linear(config.HiddenSize, config.HiddenSize, device: device, dtype: dtype);
        RegisterComponents();
    }

    /// <summary>Pools each sequence.</summary>
    /// <param name="encoded">What the encoder gave.</param>
    /// <returns>[B, H].</returns>
    public override Tensor forward(EncoderOutput encoded)
    {
        using Tensor first = encoded.FirstToken();
        using Tensor projected = dense.call(first);
        return projected.tanh();
    }
}
