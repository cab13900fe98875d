using AdaLoRA.Gen;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRAHost._1;

/// <summary>
/// Tells which kind of wave a signal is; put your own model in its place. The attribute is all that AdaLoRA needs: the encoder's layers get adapters, the head is trained in full, the rest stays frozen.
/// </summary>
[AdaLoRA(Budget = 12, InitialRank = 8, Alpha = 8, Targets = ["encoder.*"], Trainable = ["head"])]
public sealed partial class WaveClassifier : Module<Tensor, Tensor>
{
    private const int Width = 64;

    private readonly ModuleList<Linear> encoder = [Linear(Waves.Length, Width), Linear(Width, Width), Linear(Width, Width)];
    private readonly Linear head = Linear(Width, Waves.Kinds.Count);

    public WaveClassifier() : base(nameof(WaveClassifier)) => RegisterComponents();   // the last line of every TorchSharp constructor

    public override Tensor forward(Tensor x)
    {
        foreach (var layer in encoder) x = functional.gelu(layer.call(x));            // call, not forward: adapters sit on call
        return head.call(x);
    }
}
