using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Models;

/// <summary>A model of one layer of any kind.</summary>
internal sealed class OneLayer : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> layer;

    public OneLayer(nn.Module<Tensor, Tensor> layer) : base(nameof(OneLayer))
    {
        this.layer = layer;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => layer.call(x);

    public Tensor Weight => get_parameter("layer.weight")!;

    /// <summary>What the layer computes with another weight in its place.</summary>
    public Tensor With(Tensor weight, Tensor x)
    {
        using var _ = no_grad();
        var old = Weight.detach().clone();
        Weight.copy_(weight);
        var y = layer.call(x);
        Weight.copy_(old);
        return y;
    }
}
