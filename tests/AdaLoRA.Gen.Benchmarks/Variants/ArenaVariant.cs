using AdaLoRA.Gen.Benchmarks.Stack;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>Ours, through the public API.</summary>
internal sealed class ArenaVariant : Variant
{
    private readonly AdapterSet _set;
    private readonly AdaLoRAOptimizer _optimizer;

    public ArenaVariant(string name, FrozenWeights weights, Recipe recipe, AdapterMethod method) : base(name, weights)
    {
        Model = new Encoder(weights);
        _set = AdapterSet.Attach(Model, new AdaLoRAOptions
        {
            Method = method,
            Targets = [Encoder.TargetPattern],
            InitialRank = recipe.Rank,
            Budget = recipe.FinalRank * weights.Shape.Targets,
            Alpha = recipe.Alpha,
            InitialWarmup = recipe.InitialWarmup,
            FinalWarmup = recipe.FinalWarmup,
            Interval = recipe.Interval,
            Beta1 = recipe.ImportanceBeta,
            Beta2 = recipe.ImportanceBeta,
            OrthogonalWeight = recipe.OrthogonalWeight,
        });
        _optimizer = _set.CreateOptimizer(recipe.TotalSteps, recipe.LearningRate, o => o.WeightDecay = recipe.WeightDecay);
    }

    protected override Encoder Model { get; }

    /// <summary>The adapter of a target, by its index over the stack.</summary>
    public Adapter AdapterOf(int target) => _set.Find(Encoder.PathOf(target));

    /// <summary>After the factors were written from outside.</summary>
    public void Refold() => _set.Refold();

    /// <summary>Whether each triplet of a target lives.</summary>
    public bool[] Kept(int target)
    {
        using var scope = NewDisposeScope();
        var adapter = AdapterOf(target);
        var mask = _set.Arena.Mask.narrow(0, _set.Arena.Layout.TripletOffsets[adapter.Index], adapter.InitialRank);
        return [.. mask.data<float>().Select(m => m != 0)];
    }

    protected override void Update(int step) => _optimizer.step();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _optimizer.Dispose();
            _set.Detach();
        }
        base.Dispose(disposing);
    }
}
