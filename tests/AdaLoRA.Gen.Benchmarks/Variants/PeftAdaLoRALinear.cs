using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>A linear layer with an AdaLoRA adapter as PEFT writes it.</summary>
internal sealed class PeftAdaLoRALinear : Module<Tensor, Tensor>
{
    private readonly Linear base_layer;
    private readonly PeftAdaLoRAFactors _factors;

    public PeftAdaLoRALinear(Linear layer, PeftAdaLoRAFactors factors) : base(nameof(PeftAdaLoRALinear))
    {
        (base_layer, _factors) = (layer, factors);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => _factors.AddTo(base_layer.call(x), x);
}
