using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>A linear layer with an AdaLoRA adapter, op for op as PEFT's <c>adalora/layer.py</c> (<c>SVDLinear</c>) computes it.</summary>
internal sealed class PeftAdaLoRALinear : Module<Tensor, Tensor>
{
    private readonly Linear base_layer;
    private readonly Parameter lora_A, lora_E, lora_B;
    private readonly Tensor ranknum;
    private readonly Scalar _scaling;

    public PeftAdaLoRALinear(Linear layer, Recipe recipe) : base(nameof(PeftAdaLoRALinear))
    {
        base_layer = layer;
        var (outputs, inputs) = (layer.weight.shape[0], layer.weight.shape[1]);
        using var scope = NewDisposeScope();
        lora_A = Factor(randn(recipe.Rank, inputs).mul_((Scalar)0.02));
        lora_E = Factor(zeros(recipe.Rank, 1));
        lora_B = Factor(randn(outputs, recipe.Rank).mul_((Scalar)0.02));
        ranknum = full(1, (Scalar)(double)recipe.Rank).DetachFromDisposeScope();
        _scaling = recipe.Alpha;
        RegisterComponents();
    }

    public Parameter A => lora_A;

    public Parameter E => lora_E;

    public Parameter B => lora_B;

    public override Tensor forward(Tensor x)
    {
        var result = base_layer.call(x);
        var rank = ranknum + 1e-5;
        return result.add_(x.matmul((lora_A * lora_E).T).matmul(lora_B.T) * _scaling / rank);
    }

    private static Parameter Factor(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
