using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The tail as flat ATen operations: any device and element type, ~15 launches a block and none in the number of adapters, no question to the device.
/// </summary>
internal sealed class AtenTail : IArenaTail
{
    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly TrainableParameters _trainable;
    private Tensor? _canonical;
    private Tensor? _bRows;
    private AtenBlock[] _blocks = [];
    private int _generation = -1;
    private Tensor _norm = ScalarZero();
    private Tensor _regulariser = ScalarZero();

    public AtenTail(AdapterArena arena, TrainingState state, TrainableParameters trainable)
    {
        _arena = arena;
        _state = state;
        _trainable = trainable;
    }

    public double GradientNorm => ToHost(_norm);

    public double Regulariser => ToHost(_regulariser);

    public void ZeroGradients() => _arena.G!.zero_();

    public void Step(in StepPlan plan)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        FollowArena();
        Tensor p = _arena.P, g = _arena.G!;

        foreach (var block in _blocks) block.Unfold(_arena.Scale);
        if (plan.OrthogonalWeight != 0) Replace(ref _regulariser, AddRegulariserGradient(plan));
        var norm = g.square().sum().add_(_trainable.SquaredNorm(g.dtype, g.device)).sqrt();
        Replace(ref _norm, norm);
        var ok = norm.isfinite().to(g.dtype);
        var scale = plan.MaxGradNorm > 0 ? norm.add((Scalar)1e-6).reciprocal_().mul_((Scalar)plan.MaxGradNorm).clamp_max_((Scalar)1.0).nan_to_num_(0, 0, 0) : ok;
        g.nan_to_num_(0, 0, 0).mul_(scale);

        if (plan.UpdateImportance && plan.Fidelity == Fidelity.Paper) UpdateImportance(plan, ok);
        _state.Applied.add_(ok);
        var factors = new UpdateFactors(plan.Rule, ok, _state.Applied);
        factors.Update(p, g, _state.M, _state.V, plan.LearningRate);
        _trainable.Update(factors, scale, plan.TrainableLearningRate);
        if (plan.UpdateImportance && plan.Fidelity == Fidelity.Reference) UpdateImportance(plan, ok);

        if (plan.AllocateTo is { } budget) Allocate(budget, plan.IsDecisive ? null : ok);
        if (_arena.Layout.HasLambda) MaskLambda(plan, ok);
        foreach (var block in _blocks) block.Refold(_arena.Scale);
        g.zero_();
    }

    public void Dispose()
    {
        foreach (var block in _blocks) block.Dispose();
        foreach (var t in new[] { _canonical, _bRows, _norm, _regulariser }) t?.Dispose();
    }

    /// <summary>Eqs. 10 to 12: I ← β₁ I + (1 − β₁)|w·g|, U ← β₂ U + (1 − β₂)| |w·g| − I |, with the new I.</summary>
    private void UpdateImportance(in StepPlan plan, Tensor ok)
    {
        var sensitivity = _arena.P.mul(_arena.G!).abs_();
        _state.Sensitivity!.lerp_(sensitivity, ok.mul((Scalar)(1 - plan.ImportanceBeta1)));
        sensitivity.sub_(_state.Sensitivity).abs_();
        _state.Uncertainty!.lerp_(sensitivity, ok.mul((Scalar)(1 - plan.ImportanceBeta2)));
    }

    /// <summary>Adds γ·dR/dF to the gradients and returns R.</summary>
    private Tensor AddRegulariserGradient(in StepPlan plan)
    {
        int factors = 2 * _arena.Layout.Shapes.Length;
        var sum = zeros([], dtype: _arena.DType, device: _arena.Device);
        foreach (var block in _blocks) sum.add_(block.AddRegulariserGradient(plan.Fidelity, plan.OrthogonalWeight, factors));
        return plan.Fidelity == Fidelity.Paper ? sum : sum.div_((Scalar)(double)factors);
    }

    /// <summary>Eqs. 9 and 13: a triplet's score is s(λ) + mean s(Q row) + mean s(P column), s = I·U; the <paramref name="budget"/> best live.</summary>
    private void Allocate(int budget, Tensor? ok)
    {
        int triplets = _arena.Layout.Triplets;
        var scores = _state.Sensitivity!.mul(_state.Uncertainty!);
        var means = _blocks.Select(b => b.RowMeans(scores)).ToArray();
        var total = cat([.. means.Where(m => m.A is not null).Select(m => m.A!)])
            .add_(cat([.. means.Where(m => m.B is not null).Select(m => m.B!)]).index_select(0, _bRows!))
            .add_(scores.narrow(0, 0, triplets));
        var canonical = total.index_select(0, _canonical!);
        var best = canonical.sort(0, descending: true, stable: true).Indices.narrow(0, 0, Math.Clamp(budget, 0, triplets));
        var mask = zeros_like(_arena.Mask).index_fill_(0, _canonical!.index_select(0, best), (Scalar)1.0);
        if (ok is null) _arena.Mask.copy_(mask);
        else _arena.Mask.lerp_(mask, ok);
    }

    /// <summary>Zeroes removed λ. A ranking step whose gradients were not finite leaves even those alone that revived since the ranking before.</summary>
    private void MaskLambda(in StepPlan plan, Tensor ok)
    {
        var lambda = _arena.P.narrow(0, 0, _arena.Layout.Triplets);
        if (plan.HoldPattern || plan.IsDecisive) lambda.mul_(_arena.Mask);
        else if (plan.AllocateTo is not null) lambda.lerp_(lambda.mul(_arena.Mask), ok);
    }

    private void FollowArena()
    {
        if (_generation == _arena.Generation) return;
        foreach (var block in _blocks) block.Dispose();
        _blocks = [.. _arena.Layout.Blocks.Select(b => new AtenBlock(_arena, b))];
        _state.FollowArena();
        _canonical?.Dispose();
        _canonical = tensor(_arena.Layout.CanonicalOrder().Select(i => (long)i).ToArray(), device: _arena.Device).DetachFromDisposeScope();
        _bRows?.Dispose();
        _bRows = tensor(_arena.Layout.BRowOfTriplet(), device: _arena.Device).DetachFromDisposeScope();
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
