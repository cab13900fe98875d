using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Stack;
using TorchSharp;
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

    /// <summary>Gradients of the size that training has, for <see cref="TimeUpdate"/>.</summary>
    public Tensor RandomGradients()
    {
        using var scope = NewDisposeScope();
        return randn_like(_set.Arena.G!).mul_((Scalar)1e-3).DetachFromDisposeScope();
    }

    /// <summary>Milliseconds of <c>optimizer.step()</c> with these gradients; at least one real step must have been taken.</summary>
    public double TimeUpdate(Tensor gradients)
    {
        using (no_grad()) _set.Arena.G!.copy_(gradients);
        long start = Stopwatch.GetTimestamp();
        _optimizer.step();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Shrinks the arena to the surviving triplets; in the final phase.</summary>
    public void Compact() => _optimizer.Compact();

    /// <summary>Writes the adapters into the stack's weights, which no other variant may share then.</summary>
    public void Merge() => _set.Merge(keepCopies: false);

    /// <summary>Whether each triplet of a target lives.</summary>
    public bool[] Kept(int target)
    {
        using var scope = NewDisposeScope();
        var adapter = AdapterOf(target);
        var mask = _set.Arena.Mask.narrow(0, _set.Arena.Layout.TripletOffsets[adapter.Index], adapter.InitialRank);
        return [.. mask.cpu().data<float>().Select(m => m != 0)];
    }

    /// <summary>Living triplets of each target.</summary>
    public int[] Ranks() => [.. _set.Adapters.Select(a => a.Rank)];

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
