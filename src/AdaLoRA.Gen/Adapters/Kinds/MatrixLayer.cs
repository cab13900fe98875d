using System.Reflection;
using AdaLoRA.Gen.Autograd;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>A layer that multiplies rows: y = x Wᵀ, whichever way W is stored.</summary>
internal abstract class MatrixLayer(nn.Module<Tensor, Tensor> layer) : AdaptedLayer(layer)
{
    /// <summary>Whether forward hooks of others are on the layer.</summary>
    public bool IsHooked => PostHooks?.GetValue(layer) is not Dictionary<string, Func<nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>> hooks || hooks.Values.Any(hook => hook.Method.Module != typeof(MatrixLayer).Module);

    /// <summary>Whether the layer itself trains nothing and multiplies in the type of its output, so that its part of a backward is <see cref="InputGradient"/>.</summary>
    public abstract bool IsFrozen(ScalarType output);

    /// <summary>dL/dx of the layer without adapter.</summary>
    /// <param name="dy">dL/dy, [rows, out].</param>
    /// <returns>[rows, in], new and contiguous.</returns>
    public abstract NativeTensor InputGradient(NativeTensor dy);

    public override Action Hook(Func<Tensor, Tensor, Tensor> add) => layer.register_forward_hook((_, x, y) => add(x, y)).remove;

    // TorchSharp tells nobody what hooks a module has. Without the field nothing is known, so anything may be there.
    private static readonly FieldInfo? PostHooks = typeof(nn.HookableModule<Func<nn.Module<Tensor, Tensor>, Tensor, Tensor>, Func<nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>)
        .GetField("post_hooks", BindingFlags.Instance | BindingFlags.NonPublic);

    public override Tensor Add(Tensor x, Tensor y, Tensor folded, Tensor bt)
    {
        if (x.dim() == 2)
        {
            using var h = x.mm(folded);
            return y.addmm_(h, bt);
        }
        // The layer's output is a view of a 2-D product. In-place on a view costs autograd three full-size copies in backward, out of place costs one in forward.
        using var rows = x.reshape(-1, InFeatures);
        using var hidden = rows.mm(folded);
        using var flat = y.reshape(-1, OutFeatures);
        using var sum = flat.addmm(hidden, bt);
        return Replacing(y, sum.view(y.shape));
    }

    public override Tensor Delta(Tensor x, Tensor folded, Tensor bt)
    {
        using var rows = x.reshape(-1, InFeatures);
        using var hidden = rows.mm(folded);
        using var delta = hidden.mm(bt);
        long[] shape = x.shape;
        shape[^1] = OutFeatures;
        return delta.view(shape);
    }
}

/// <summary><see cref="Linear"/>: the weight is [out, in].</summary>
internal sealed class LinearLayer(Linear layer) : MatrixLayer(layer)
{
    public override int InFeatures { get; } = (int)layer.weight.shape[1];

    public override int OutFeatures { get; } = (int)layer.weight.shape[0];

    public override Tensor Weight => layer.weight;

    public override bool IsFrozen(ScalarType output) => layer.weight.dtype == output && !layer.weight.requires_grad && layer.bias?.requires_grad != true;

    public override NativeTensor InputGradient(NativeTensor dy) => dy.Multiply(layer.weight);

    public override Tensor ShapeDelta(Tensor product) => product;
}

/// <summary><see cref="TransposedLinear"/> (GPT-2's Conv1D, PEFT's fan_in_fan_out): the weight is [in, out]; the factors are those of a Linear.</summary>
internal sealed class TransposedLinearLayer(TransposedLinear layer) : MatrixLayer(layer)
{
    public override int InFeatures { get; } = (int)layer.weight.shape[0];

    public override int OutFeatures { get; } = (int)layer.weight.shape[1];

    public override Tensor Weight => layer.weight;

    public override bool IsFrozen(ScalarType output) => layer.weight.dtype == output && !layer.weight.requires_grad && layer.bias?.requires_grad != true;

    public override NativeTensor InputGradient(NativeTensor dy)
    {
        using var transposed = layer.weight.t();
        return dy.Multiply(transposed);
    }

    public override Tensor ShapeDelta(Tensor product) => product.t();
}
