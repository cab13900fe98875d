using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>The factors of one adapted layer, and what PEFT's <c>adalora/layer.py</c> (<c>SVDLinear</c>) does with them, op for op.</summary>
internal sealed class PeftAdaLoRAFactors : IDisposable
{
    private readonly Tensor _rankNumber;
    private readonly Scalar _scaling;

    /// <param name="layer">The adapted layer; the factors are float32 whatever its type.</param>
    /// <param name="recipe">Rank and scale.</param>
    public PeftAdaLoRAFactors(Linear layer, Recipe recipe)
    {
        var (outputs, inputs, device) = (layer.weight.shape[0], layer.weight.shape[1], layer.weight.device);
        using var scope = NewDisposeScope();
        A = Factor(randn(recipe.Rank, inputs, device: device).mul_((Scalar)0.02));
        E = Factor(zeros(recipe.Rank, 1, device: device));
        B = Factor(randn(outputs, recipe.Rank, device: device).mul_((Scalar)0.02));
        _rankNumber = full(1, (Scalar)(double)recipe.Rank, device: device).DetachFromDisposeScope();
        _scaling = recipe.Alpha;
    }

    /// <summary>lora_A, [r, in].</summary>
    public Parameter A { get; }

    /// <summary>lora_E, [r, 1].</summary>
    public Parameter E { get; }

    /// <summary>lora_B, [out, r].</summary>
    public Parameter B { get; }

    /// <summary>Adds the adapter's output to the base layer's, in place.</summary>
    public Tensor AddTo(Tensor result, Tensor x)
    {
        // PEFT's _cast_input_dtype.
        if (x.dtype != A.dtype) x = x.to(A.dtype);
        var rank = _rankNumber + 1e-5;
        return result.add_(x.matmul((A * E).T).matmul(B.T) * _scaling / rank);
    }

    public void Dispose()
    {
        A.Dispose();
        E.Dispose();
        B.Dispose();
        _rankNumber.Dispose();
        _scaling.Dispose();
    }

    private static Parameter Factor(Tensor values)
    {
        var parameter = new Parameter(values);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
