using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The tail as flat ATen operations: any device and element type, 8 launches a block and none in the number of adapters, no question to the device. A flag on the device gates
/// every write and the step counter, so a step with a gradient that is not finite leaves everything as it was.
/// </summary>
internal sealed class AtenTail : IArenaTail
{
    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly TrainableParameters _trainable;
    private readonly Ranking _ranking;
    private readonly StepCounter _counter;
    private readonly DeviceConstants _constants;
    private readonly bool _fused;
    private DeviceRanking? _onDevice;
    private AtenRegulariser? _regulariser;
    private AtenParts? _parts;
    private AtenBlock[] _blocks = [];
    private int _generation = -1;
    private Tensor? _norm;

    /// <summary>Creates the tail.</summary>
    /// <param name="arena">What is trained.</param>
    /// <param name="state">Its moments and averages.</param>
    /// <param name="trainable">What is trained in full beside it.</param>
    /// <param name="ranking">How triplets are ranked.</param>
    /// <param name="late">Reads the step counter one step late even where it could be read at once: what a device does, for tests.</param>
    /// <param name="fused">Uses libtorch's own AdamW where it is there and right; false for tests.</param>
    public AtenTail(AdapterArena arena, TrainingState state, TrainableParameters trainable, Ranking ranking, bool late = false, bool fused = true)
    {
        _arena = arena;
        _state = state;
        _trainable = trainable;
        _ranking = ranking;
        state.FollowArena();
        _counter = new StepCounter(state.Applied, late);
        _constants = new DeviceConstants(arena.Device);
        _fused = fused && FusedAdamW.RunsOn(arena.Device);
    }

    public double GradientNorm
    {
        get
        {
            if (_norm is null) return 0;
            using var wide = _norm.to(ScalarType.Float64);
            return wide.item<double>();
        }
    }

    public double Regulariser => _regulariser?.Value ?? 0;

    public StepCount Known => _counter.Known;

    public float[] ReadScores() => _onDevice?.ReadScores() ?? [];

    public StepCount Synchronize() => _counter.Synchronize(_state.Applied);

    public void Step(in StepPlan plan)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        FollowArena();
        var g = _arena.G!;

        var folding = Folding();
        foreach (var block in _blocks) block.Unfold(folding);
        var living = plan.SurvivorsOnly ? LeaveOutRemoved() : null;
        if (plan.OrthogonalWeight != 0) _regulariser!.AddGradient(plan.Fidelity, plan.OrthogonalWeight, living);
        else _regulariser!.Forget();
        var norm = _trainable.IsEmpty ? linalg.norm(g) : linalg.norm(stack([linalg.norm(g), .. _trainable.Norms(g.dtype, g.device)]));
        _norm?.Dispose();
        _norm = norm.DetachFromDisposeScope();

        var gate = new StepGate(plan, norm, _state.Applied, _constants);
        var scale = plan.MaxGradNorm > 0 ? _constants.Of(g.dtype, plan.MaxGradNorm).div(norm.add(_constants.Of(g.dtype, 1e-6), Scalars.One)).clamp_max_(Scalars.One) : null;
        if (scale is not null) g.mul_(scale);
        // Zero where the step changes nothing: whatever follows stays finite, also as a factor of zero.
        g.masked_fill_(gate.Bad, Scalars.Zero);

        if (plan.Fidelity == Fidelity.Paper) UpdateImportance(plan, gate);
        var factors = new UpdateFactors(plan.Rule, gate, _state.Applied, _constants, _fused);
        _parts!.Update(factors, plan);
        _trainable.Update(factors, scale, gate.Bad, plan.TrainableLearningRate, plan.Rule.TrainableDecay);
        if (plan.Fidelity == Fidelity.Reference) UpdateImportance(plan, gate);

        // The gradients have done their work.
        if (gate.Allocate is { } allocate) _arena.Mask.lerp_(_onDevice!.Rank(gate.Budget, scratch: g), allocate.to(g.dtype));
        if (gate.HoldsPattern) _parts.Lambda!.mul_(_arena.Mask);
        else if (gate.ApplyMask is { } apply) _parts.Lambda!.masked_fill_(_arena.Mask.lt(apply), Scalars.Zero);
        // Not +0: added to that, a product of −0 would lose its sign, and a step of rate 0 would not leave every bit.
        _arena.AE.fill_(Scalars.MinusZero);
        folding = Folding();
        foreach (var block in _blocks) block.Refold(folding);
        // On the CPU zero_ of a large tensor is a call of fill_ anyway.
        g.fill_(Scalars.Zero);
        _counter.Count(_state.Applied);
    }

    public void Dispose()
    {
        DisposeViews();
        _counter.Dispose();
        _constants.Dispose();
        _norm?.Dispose();
    }

    /// <summary>E·s of all triplets, [triplets, 1]; s for plain LoRA.</summary>
    private Tensor Folding() => _parts!.Lambda is { } lambda ? lambda.view(-1, 1).mul(_arena.Scales) : _arena.Scales;

    /// <summary>Eqs. 10 to 12: I ← β₁ I + (1 − β₁)|w·g|, U ← β₂ U + (1 − β₂)| |w·g| − I |, with the new I.</summary>
    private void UpdateImportance(in StepPlan plan, StepGate gate)
    {
        if (gate.Importance is not { } moves) return;
        var weights = _constants.Of(_arena.DType, 1 - plan.ImportanceBeta1, 1 - plan.ImportanceBeta2).mul(moves);
        var sensitivity = _arena.P.mul(_arena.G!).abs_();
        _state.Sensitivity!.lerp_(sensitivity, weights.select(0, 0));
        sensitivity.sub_(_state.Sensitivity).abs_();
        _state.Uncertainty!.lerp_(sensitivity, weights.select(0, 1));
    }

    /// <summary>Zeroes the gradients of removed triplets and returns, by block, which rows live.</summary>
    private Tensor[] LeaveOutRemoved()
    {
        _arena.G!.narrow(0, 0, _arena.Layout.Triplets).mul_(_arena.Mask);
        var living = new Tensor[_blocks.Length];
        long before = 0;
        for (int i = 0; i < _blocks.Length; i++)
        {
            living[i] = _blocks[i].LivingRows(_arena.Mask, _onDevice!.TripletsOfBRows, before);
            _blocks[i].MaskGradient(living[i]);
            before += _arena.Layout.Blocks[i].RowsB;
        }
        return living;
    }

    private void FollowArena()
    {
        if (_generation == _arena.Generation) return;
        DisposeViews();
        _state.FollowArena();
        _blocks = [.. _arena.Layout.Blocks.Select(b => new AtenBlock(_arena, b))];
        _parts = new AtenParts(_arena, _state, _blocks);
        _regulariser = new AtenRegulariser(_arena, _blocks, _constants);
        _onDevice = new DeviceRanking(_arena, _state, _blocks, _ranking);
        _generation = _arena.Generation;
    }

    private void DisposeViews()
    {
        foreach (var block in _blocks) block.Dispose();
        _parts?.Dispose();
        _regulariser?.Dispose();
        _onDevice?.Dispose();
    }
}
