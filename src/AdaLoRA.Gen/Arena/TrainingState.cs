using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>What the steps of a run leave behind besides the weights: optimizer moments, importance averages and the count of applied steps. Flat, in the arena's order.</summary>
internal sealed class TrainingState : IDisposable
{
    private readonly AdapterArena _arena;
    private int _generation;

    public TrainingState(AdapterArena arena, OptimizerKind kind)
    {
        _arena = arena;
        _generation = arena.Generation;
        if (kind == OptimizerKind.AdamW) (M, V) = (arena.NewBuffer(), arena.NewBuffer());
        if (arena.Layout.HasLambda) (Sensitivity, Uncertainty) = (arena.NewBuffer(), arena.NewBuffer());
        Applied = zeros([], dtype: ScalarType.Float64, device: arena.Device).DetachFromDisposeScope();
    }

    /// <summary>First moment; null for SGD.</summary>
    public Tensor? M { get; private set; }

    /// <summary>Second moment; null for SGD.</summary>
    public Tensor? V { get; private set; }

    /// <summary>Ī of eq. 11; null for plain LoRA.</summary>
    public Tensor? Sensitivity { get; private set; }

    /// <summary>Ū of eq. 12; null for plain LoRA.</summary>
    public Tensor? Uncertainty { get; private set; }

    /// <summary>Steps that changed something, a float64 scalar on the arena's device.</summary>
    public Tensor Applied { get; private set; }

    /// <summary>Moves along after the arena was rebuilt on another device or type.</summary>
    public void FollowArena()
    {
        if (_generation == _arena.Generation) return;
        _generation = _arena.Generation;
        M = Moved(M, _arena.DType);
        V = Moved(V, _arena.DType);
        Sensitivity = Moved(Sensitivity, _arena.DType);
        Uncertainty = Moved(Uncertainty, _arena.DType);
        Applied = Moved(Applied, ScalarType.Float64)!;
    }

    /// <summary>Shrinks along with the arena, before or after it.</summary>
    public void Apply(Compaction compaction, int generation)
    {
        M = Gathered(M);
        V = Gathered(V);
        Sensitivity = Gathered(Sensitivity);
        Uncertainty = Gathered(Uncertainty);
        _generation = generation;

        Tensor? Gathered(Tensor? flat)
        {
            if (flat is null) return null;
            var gathered = compaction.Gather(flat);
            flat.Dispose();
            return gathered;
        }
    }

    public void Dispose()
    {
        foreach (var t in new[] { M, V, Sensitivity, Uncertainty, Applied }) t?.Dispose();
    }

    private Tensor? Moved(Tensor? state, ScalarType dtype)
    {
        if (state is null) return null;
        var moved = state.to(dtype, _arena.Device, copy: true).DetachFromDisposeScope();
        state.Dispose();
        return moved;
    }
}
