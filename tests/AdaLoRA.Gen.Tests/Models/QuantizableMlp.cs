using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Models;

/// <summary>As <see cref="Mlp"/>, on an embedding, with layers that can be int8.</summary>
internal sealed class QuantizableMlp : Module<Tensor, Tensor>
{
    private readonly QuantizableEmbedding words;
    private readonly QuantizableLinear first;
    private readonly QuantizableLinear second;
    private readonly QuantizableLinear head;

    public QuantizableMlp(BaseWeights weights = BaseWeights.Floats, int vocabulary = 50, int width = 24, int hidden = 40, int outputs = 5, ScalarType? dtype = null) : base(nameof(QuantizableMlp))
    {
        words = new QuantizableEmbedding(vocabulary, width, weights: weights, dtype: dtype);
        first = new QuantizableLinear(width, hidden, weights: weights, dtype: dtype);
        second = new QuantizableLinear(hidden, width, hasBias: false, weights, dtype: dtype);
        head = new QuantizableLinear(width, outputs, weights: weights, dtype: dtype);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids) => head.call(second.call(functional.silu(first.call(words.call(ids)))));

    /// <summary>Sets every value by a seed; the default generator belongs to all tests that run.</summary>
    public QuantizableMlp Seeded(long seed)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach (var (name, module) in named_children())
        {
            var layer = (QuantizableLayer)module;
            var values = empty(layer.weight.shape, dtype: layer.FloatType).normal_(0, name == "words" ? 1 : 0.2, generator);
            if (layer.IsQuantized) layer.Quantize(values);
            else layer.weight.copy_(values);
            if (layer is QuantizableLinear { bias: { } bias }) bias.normal_(0, 0.1, generator);
        }
        return this;
    }

    public QuantizableLayer Layer(string name) => (QuantizableLayer)named_children().Single(c => c.name == name).module;

    public static AdaLoRAOptions Options => new()
    {
        Budget = 8,
        InitialRank = 4,
        Targets = ["words", "first", "second", "head"],
        InitialWarmup = 5,
        FinalWarmup = 10,
        Interval = 5,
    };
}
