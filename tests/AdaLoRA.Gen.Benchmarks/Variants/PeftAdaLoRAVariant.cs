using AdaLoRA.Gen.Benchmarks.Stack;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>AdaLoRA as PEFT writes it, on the shared stack.</summary>
internal sealed class PeftAdaLoRAVariant : Variant
{
    private readonly List<PeftAdaLoRAFactors> _layers = [];
    private readonly PeftAdaLoRATraining _training;

    public PeftAdaLoRAVariant(FrozenWeights weights, Recipe recipe) : base(PeftAdaLoRA, weights)
    {
        Model = new Encoder(weights, (_, linear) =>
        {
            _layers.Add(new PeftAdaLoRAFactors(linear, recipe));
            return new PeftAdaLoRALinear(linear, _layers[^1]);
        });
        _training = new PeftAdaLoRATraining(_layers, recipe);
    }

    public IReadOnlyList<PeftAdaLoRAFactors> Layers => _layers;

    protected override Encoder Model { get; }

    /// <summary>Whether each triplet of a target lives.</summary>
    public IReadOnlyList<bool> Kept(int target) => _training.Kept(target);

    protected override Tensor AddToLoss(Tensor loss) => _training.AddRegulariser(loss);

    protected override void Update(int step) => _training.Step(step);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _training.Dispose();
        base.Dispose(disposing);
    }
}
