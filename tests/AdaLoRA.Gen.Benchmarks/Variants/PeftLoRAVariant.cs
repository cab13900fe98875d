using AdaLoRA.Gen.Benchmarks.Stack;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>Plain LoRA as PEFT writes it, under TorchSharp's AdamW, which goes parameter by parameter.</summary>
internal sealed class PeftLoRAVariant : Variant
{
    private readonly List<PeftLoRALinear> _layers = [];
    private readonly AdamW _optimizer;

    public PeftLoRAVariant(FrozenWeights weights, Recipe recipe) : base(PeftLoRA, weights)
    {
        Model = new Encoder(weights, (_, linear) =>
        {
            _layers.Add(new PeftLoRALinear(linear, recipe));
            return _layers[^1];
        });
        Parameter[] factors = [.. _layers.SelectMany(l => new[] { l.A, l.B })];
        foreach (var factor in factors) factor.requires_grad = true;
        _optimizer = optim.AdamW(factors, recipe.LearningRate, weight_decay: recipe.WeightDecay);
    }

    public IReadOnlyList<PeftLoRALinear> Layers => _layers;

    protected override Encoder Model { get; }

    protected override void Update(int step)
    {
        _optimizer.step();
        _optimizer.zero_grad();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _optimizer.Dispose();
        base.Dispose(disposing);
    }
}
