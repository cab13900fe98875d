using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The tail as flat ATen operations: any device and element type, ~15 launches a block and none in the number of adapters, no question to the device. A flag on the device gates
/// every write and the step counter, so a step with a gradient that is not finite leaves everything as it was.
/// </summary>
internal sealed class AtenTail : IArenaTail
{
    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly TrainableParameters _trainable;
    private readonly Ranking _ranking;
    private readonly StepCounter _counter;
    private DeviceRanking? _onDevice;
    private AtenBlock[] _blocks = [];
    private int _generation = -1;
    private Tensor _norm = ScalarZero();
    private Tensor _regulariser = ScalarZero();

    /// <summary>Creates the tail.</summary>
    /// <param name="arena">What is trained.</param>
    /// <param name="state">Its moments and averages.</param>
    /// <param name="trainable">What is trained in full beside it.</param>
    /// <param name="ranking">How triplets are ranked.</param>
    /// <param name="late">Reads the step counter one step late even where it could be read at once: what a device does, for tests.</param>
    public AtenTail(AdapterArena arena, TrainingState state, TrainableParameters trainable, Ranking ranking, bool late = false)
    {
        _arena = arena;
        _state = state;
        _trainable = trainable;
        _ranking = ranking;
        state.FollowArena();
        _counter = new StepCounter(state.Applied, late);
    }

    public double GradientNorm => ToHost(_norm);

    public double Regulariser => ToHost(_regulariser);

    public StepCount Known => _counter.Known;

    public StepCount Synchronize() => _counter.Synchronize(_state.Applied);

    public void Step(in StepPlan plan)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        FollowArena();
        Tensor p = _arena.P, g = _arena.G!;

        foreach (var block in _blocks) block.Unfold();
        var living = plan.SurvivorsOnly ? LeaveOutRemoved() : null;
        if (plan.OrthogonalWeight != 0) Replace(ref _regulariser, AddRegulariserGradient(plan, living));
        var norm = g.square().sum().add_(_trainable.SquaredNorm(g.dtype, g.device)).sqrt();
        Replace(ref _norm, norm);
        var ok = norm.isfinite().to(g.dtype);
        var scale = plan.MaxGradNorm > 0 ? norm.add((Scalar)1e-6).reciprocal_().mul_((Scalar)plan.MaxGradNorm).clamp_max_((Scalar)1.0).nan_to_num_(0, 0, 0) : ok;
        g.nan_to_num_(0, 0, 0).mul_(scale);

        _state.Applied.add_(ok);
        var gate = new ScheduleGate(plan, ok, _state.Applied);
        if (plan.Fidelity == Fidelity.Paper) UpdateImportance(plan, gate);
        var factors = new UpdateFactors(plan.Rule, ok, gate.IsNow, _state.Applied);
        Update(factors, plan, p, g);
        _trainable.Update(factors, scale, plan.TrainableLearningRate, plan.Rule.TrainableDecay);
        if (plan.Fidelity == Fidelity.Reference) UpdateImportance(plan, gate);

        if (gate.Allocate is { } allocate) _arena.Mask.lerp_(_onDevice!.Rank(gate.Budget!), allocate);
        if (gate.ApplyMask is { } apply)
        {
            var lambda = _arena.P.narrow(0, 0, _arena.Layout.Triplets);
            lambda.lerp_(lambda.mul(_arena.Mask), apply);
        }
        foreach (var block in _blocks) block.Refold();
        g.zero_();
        _counter.Count(_state.Applied);
    }

    public void Dispose()
    {
        foreach (var block in _blocks) block.Dispose();
        _onDevice?.Dispose();
        _counter.Dispose();
        foreach (var t in new[] { _norm, _regulariser }) t.Dispose();
    }

    /// <summary>One pass where all parts have one rate and one decay, else one a part.</summary>
    private void Update(UpdateFactors factors, in StepPlan plan, Tensor p, Tensor g)
    {
        var rule = plan.Rule;
        var rate = plan.LearningRate;
        if (plan.RatioB == 1 && (rule.LambdaDecay == rule.WeightDecay || !_arena.Layout.HasLambda))
        {
            factors.Update(p, g, _state.M, _state.V, rate, rule.WeightDecay);
            return;
        }
        if (_arena.Layout.HasLambda) Part(t => t.narrow(0, 0, _arena.Layout.Triplets), rate, rule.LambdaDecay);
        foreach (var block in _blocks)
        {
            Part(t => block.Split(t).A, rate, rule.WeightDecay);
            Part(t => block.Split(t).B, rate * plan.RatioB, rule.WeightDecay);
        }

        void Part(Func<Tensor, Tensor> of, Rate learningRate, double decay)
        {
            if (of(p) is { } part && part.numel() > 0) factors.Update(part, of(g), _state.M is { } m ? of(m) : null, _state.V is { } v ? of(v) : null, learningRate, decay);
        }
    }

    /// <summary>Eqs. 10 to 12: I ← β₁ I + (1 − β₁)|w·g|, U ← β₂ U + (1 − β₂)| |w·g| − I |, with the new I.</summary>
    private void UpdateImportance(in StepPlan plan, ScheduleGate gate)
    {
        if (gate.Importance is not { } moves) return;
        var sensitivity = _arena.P.mul(_arena.G!).abs_();
        _state.Sensitivity!.lerp_(sensitivity, moves.mul((Scalar)(1 - plan.ImportanceBeta1)));
        sensitivity.sub_(_state.Sensitivity).abs_();
        _state.Uncertainty!.lerp_(sensitivity, moves.mul((Scalar)(1 - plan.ImportanceBeta2)));
    }

    /// <summary>Adds γ·dR/dF to the gradients and returns R.</summary>
    private Tensor AddRegulariserGradient(in StepPlan plan, Tensor[]? living)
    {
        int factors = 2 * _arena.Layout.Shapes.Length;
        var sum = zeros([], dtype: _arena.DType, device: _arena.Device);
        for (int i = 0; i < _blocks.Length; i++) sum.add_(_blocks[i].AddRegulariserGradient(plan.Fidelity, plan.OrthogonalWeight, factors, living?[i]));
        return plan.Fidelity == Fidelity.Paper ? sum : sum.div_((Scalar)(double)factors);
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
        foreach (var block in _blocks) block.Dispose();
        _blocks = [.. _arena.Layout.Blocks.Select(b => new AtenBlock(_arena, b))];
        _state.FollowArena();
        _onDevice?.Dispose();
        _onDevice = new DeviceRanking(_arena, _state, _blocks, _ranking);
        _generation = _arena.Generation;
    }

    private static void Replace(ref Tensor field, Tensor value)
    {
        var old = field;
        field = value.detach().DetachFromDisposeScope();
        old.Dispose();
    }

    private static Tensor ScalarZero() => zeros([], dtype: ScalarType.Float64).DetachFromDisposeScope();

    private static double ToHost(Tensor scalar)
    {
        using var wide = scalar.to(ScalarType.Float64);
        return wide.item<double>();
    }
}
