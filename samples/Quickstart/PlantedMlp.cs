using AdaLoRA.Gen;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Quickstart;

/// <summary>A residual network x ← x + 0.5·gelu(W x) of twelve square layers. The attribute is all that AdaLoRA needs: the build finds the layers and wires them.</summary>
[AdaLoRA(Budget = 24, Targets = ["layers.*"], InitialRank = 8, Alpha = 8)]
public sealed partial class PlantedMlp : Module<Tensor, Tensor>
{
    /// <summary>Length of a layer's input and output.</summary>
    public const int Width = 48;

    /// <summary>Number of layers.</summary>
    public const int Depth = 12;

    private readonly ModuleList<Linear> layers = [];

    /// <summary>Creates the network with weights from N(0, 1/<see cref="Width"/>).</summary>
    public PlantedMlp(Generator random) : base(nameof(PlantedMlp))
    {
        using var _ = no_grad();
        for (int i = 0; i < Depth; i++)
        {
            var layer = Linear(Width, Width, hasBias: false);
            layer.weight.normal_(0, 1 / Math.Sqrt(Width), random);
            layers.Add(layer);
        }
        RegisterComponents();
    }

    /// <summary>The frozen weights, [<see cref="Width"/>, <see cref="Width"/>] each.</summary>
    public IEnumerable<Tensor> Weights => layers.Select(l => l.weight);

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = x + 0.5 * functional.gelu(layer.call(x));
        return x;
    }
}
