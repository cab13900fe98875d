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
        var device = layer.weight.device;
        using var scope = NewDisposeScope();
        double bound = 1 / Math.Sqrt(inputs);
        lora_A = Factor(rand(recipe.Rank, inputs, device: device).mul_((Scalar)(2 * bound)).sub_((Scalar)bound));
        lora_B = Factor(zeros(outputs, recipe.Rank, device: device));
        _scaling = recipe.Alpha / recipe.Rank;
        RegisterComponents();
    }

    /// <summary>A, [r, in].</summary>
    public Parameter A => lora_A;

    /// <summary>B, [out, r].</summary>
    public Parameter B => lora_B;

    public override Tensor forward(Tensor x)
    {
        var result = base_layer.call(x);
        if (x.dtype == lora_A.dtype) return result + functional.linear(functional.linear(x, lora_A), lora_B) * _scaling;
        // PEFT's _cast_input_dtype, and the cast back to the base layer's type.
        return (result + functional.linear(functional.linear(x.to(lora_A.dtype), lora_A), lora_B) * _scaling).to(result.dtype);
    }

    private static Parameter Factor(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
