using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Conformance.Traces;

/// <summary>
/// The network of the traces, float64, with the sizes of the tensors it is given: blocks <c>h ← tanh(q h) · v h + h; h ← down(gelu(up h)) + h</c>, then a linear head; input
/// [batch, in] to logits [batch, classes].
/// </summary>
internal sealed class TraceNet : Module<Tensor, Tensor>
{
    private const string Prefix = "base.";
    private readonly ModuleList<TraceBlock> blocks = [];
    private readonly Linear head;

    /// <summary>Builds the network.</summary>
    /// <param name="tensors">Its weights under <c>base.</c>: <c>base.blocks.0.q.weight</c> …, <c>base.head.bias</c>; other tensors are not looked at.</param>
    /// <param name="file">Where they come from, for messages.</param>
    /// <exception cref="AdaLoRAException">A weight is missing, or one has no place in the network.</exception>
    public TraceNet(IReadOnlyDictionary<string, Tensor> tensors, string file) : base(nameof(TraceNet))
    {
        while (tensors.ContainsKey($"{Prefix}blocks.{blocks.Count}.q.weight")) blocks.Add(new TraceBlock(name => Layer(tensors, file, $"blocks.{blocks.Count}.{name}")));
        if (blocks.Count == 0) throw new AdaLoRAException($"'{file}' holds no '{Prefix}blocks.0.q.weight'; the network of a trace has at least one block.");
        head = Layer(tensors, file, "head");
        RegisterComponents();
        var known = named_parameters().Select(p => Prefix + p.name).ToHashSet(StringComparer.Ordinal);
        if (tensors.Keys.FirstOrDefault(k => k.StartsWith(Prefix, StringComparison.Ordinal) && !known.Contains(k)) is { } unknown)
        {
            throw new AdaLoRAException($"'{file}' holds '{unknown}', which has no place in the network of a trace (blocks of q, v, up, down, and a head).");
        }
    }

    public override Tensor forward(Tensor x)
    {
        foreach (var block in blocks) x = block.call(x);
        return head.call(x);
    }

    private static Linear Layer(IReadOnlyDictionary<string, Tensor> tensors, string file, string path)
    {
        if (!tensors.TryGetValue($"{Prefix}{path}.weight", out var weight) || weight.dim() != 2) throw new AdaLoRAException($"'{file}' holds no matrix '{Prefix}{path}.weight'.");
        bool hasBias = tensors.TryGetValue($"{Prefix}{path}.bias", out var bias);
        var layer = Linear(weight.shape[1], weight.shape[0], hasBias, dtype: ScalarType.Float64);
        using var _ = no_grad();
        layer.weight.copy_(weight);
        if (hasBias) layer.bias!.copy_(bias!);
        return layer;
    }
}

/// <summary>One block of <see cref="TraceNet"/>.</summary>
internal sealed class TraceBlock : Module<Tensor, Tensor>
{
    private readonly Linear q;
    private readonly Linear v;
    private readonly Linear up;
    private readonly Linear down;

    /// <param name="layer">Gives the layer of a name.</param>
    public TraceBlock(Func<string, Linear> layer) : base(nameof(TraceBlock))
    {
        (q, v, up, down) = (layer("q"), layer("v"), layer("up"), layer("down"));
        RegisterComponents();
    }

    public override Tensor forward(Tensor h)
    {
        h = tanh(q.call(h)) * v.call(h) + h;
        return down.call(functional.gelu(up.call(h))) + h;
    }
}
