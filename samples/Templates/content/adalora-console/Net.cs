using AdaLoRA.Gen;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRAConsole._1;

/// <summary>
/// A small residual network; put your own model in its place. The attribute is all that AdaLoRA needs: the build finds the layers that Targets names and wires them. Try "layer.*": the compiler
/// tells you what is wrong.
/// </summary>
[AdaLoRA(Budget = 6, InitialRank = 4, Alpha = 4, Targets = ["layers.*"])]
public sealed partial class Net : Module<Tensor, Tensor>
{
    public const int Width = 32;

    private readonly ModuleList<Linear> layers = [];

    public Net() : base(nameof(Net))
    {
        for (int i = 0; i < 6; i++) layers.Add(Linear(Width, Width));
        RegisterComponents();                     // the last line of every TorchSharp constructor
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in layers) x = x + functional.gelu(layer.call(x));   // call, not forward: adapters sit on call
        return x;
    }
}
