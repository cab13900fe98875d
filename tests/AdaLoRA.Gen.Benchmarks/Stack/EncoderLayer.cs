using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Benchmarks.Stack;

/// <summary>A post-LN transformer layer on hidden states [tokens, hidden], as one writes it in TorchSharp.</summary>
internal sealed class EncoderLayer : Module<Tensor, Tensor>
{
    private readonly StackShape _shape;
    private readonly Module<Tensor, Tensor> query, key, value, output, up, down;
    private readonly LayerNorm attentionNorm, outputNorm;

    /// <param name="weights">Shared by all variants.</param>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="adapt">Puts an adapter around a linear layer, given its index over the stack; or returns the layer itself.</param>
    public EncoderLayer(FrozenWeights weights, int layer, Func<int, Linear, Module<Tensor, Tensor>> adapt) : base(nameof(EncoderLayer))
    {
        _shape = weights.Shape;
        Module<Tensor, Tensor> Project(int position)
        {
            int target = layer * StackShape.TargetsPerLayer + position;
            return adapt(target, Share(weights, target));
        }
        (query, key, value) = (Project(0), Project(1), Project(2));
        (output, up, down) = (Project(3), Project(4), Project(5));
        attentionNorm = LayerNorm(_shape.Hidden, device: weights.Device, dtype: weights.DType);
        outputNorm = LayerNorm(_shape.Hidden, device: weights.Device, dtype: weights.DType);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        var attended = functional.scaled_dot_product_attention(Heads(query.call(x)), Heads(key.call(x)), Heads(value.call(x)));
        var merged = attended.transpose(1, 2).reshape(_shape.Tokens, _shape.Hidden);
        x = attentionNorm.call(x + output.call(merged));
        return outputNorm.call(x + down.call(functional.gelu(up.call(x))));
    }

    private Tensor Heads(Tensor x) => x.view(_shape.Batch, _shape.Sequence, _shape.Heads, _shape.Hidden / _shape.Heads).transpose(1, 2);

    private static Linear Share(FrozenWeights weights, int target)
    {
        var (inputs, outputs) = weights.SizeOf(target);
        var linear = Linear(inputs, outputs, device: META);
        // A Parameter takes its tensor over: detached first, or the shared one would be gone.
        linear.weight = new Parameter(weights.Weight(target).detach(), requires_grad: false);
        linear.bias = new Parameter(weights.Bias(target).detach(), requires_grad: false);
        return linear;
    }
}
