using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>A linear layer with a LoRA adapter, op for op as PEFT's <c>lora/layer.py</c> computes it.</summary>
internal sealed class PeftLoRALinear : Module<Tensor, Tensor>
{
    private readonly Linear base_layer;
    private readonly Parameter lora_A, lora_B;
    private readonly Scalar _scaling;

    public PeftLoRALinear(Linear layer, Recipe recipe) : base(nameof(PeftLoRALinear))
    {
        base_layer = layer;
        var (outputs, inputs) = (layer.weight.shape[0], layer.weight.shape[1]);
        using var scope = NewDisposeScope();
        double bound = 1 / Math.Sqrt(inputs);
        lora_A = Factor(rand(recipe.Rank, inputs).mul_((Scalar)(2 * bound)).sub_((Scalar)bound));
        lora_B = Factor(zeros(outputs, recipe.Rank));
        _scaling = recipe.Alpha / recipe.Rank;
        RegisterComponents();
    }

    public IEnumerable<Parameter> Factors => [lora_A, lora_B];

    public override Tensor forward(Tensor x) => base_layer.call(x) + functional.linear(functional.linear(x, lora_A), lora_B) * _scaling;

    private static Parameter Factor(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
