using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The optimizer's rule for one step: by libtorch's own kernel where that computes the same (<see cref="FusedAdamW"/>), else as a formula whose scalars are tensors on the device. Either way a step that must
/// change nothing is told apart without asking the device.
/// </summary>
internal sealed class UpdateFactors
{
    private readonly UpdateRule _rule;
    private readonly StepGate? _gate;
    private readonly Tensor _applied;
    private readonly DeviceConstants _constants;
    private readonly bool _fused;
    private readonly List<Formula> _formulas = [];
    private Tensor? _step;

    /// <summary>Made inside the step's dispose scope.</summary>
    /// <param name="rule">The optimizer's rule.</param>
    /// <param name="gate">What the step may change; null: it is known to be good.</param>
    /// <param name="applied">Steps applied so far, this one included; a scalar of type float64.</param>
    /// <param name="constants">Of the same device.</param>
    /// <param name="fused">Whether libtorch's kernel may be used on this device.</param>
    public UpdateFactors(in UpdateRule rule, StepGate? gate, Tensor applied, DeviceConstants constants, bool fused)
    {
        _rule = rule;
        _gate = gate;
        _applied = applied;
        _constants = constants;
        _fused = fused && rule.Kind == OptimizerKind.AdamW;
    }

    /// <summary>Updates tensors in place. Gradients must be finite (or zeroed, in a step that changes nothing) and stay as they are.</summary>
    /// <param name="parts">Of any types and shapes.</param>
    /// <param name="learningRate">Of all of them.</param>
    /// <param name="weightDecay">Of all of them.</param>
    public void Update(IReadOnlyList<AdamPart> parts, Rate learningRate, double weightDecay)
    {
        if (_fused)
        {
            foreach (var group in parts.Where(p => FusedAdamW.Fits(p.P, p.G)).GroupBy(p => p.P.dtype)) UpdateFused([.. group], learningRate, weightDecay);
        }
        foreach (var part in parts)
        {
            if (!_fused || !FusedAdamW.Fits(part.P, part.G)) UpdateByFormula(part, learningRate, weightDecay);
        }
    }

    private void UpdateFused(IReadOnlyList<AdamPart> parts, Rate learningRate, double weightDecay)
    {
        _step ??= _applied.to(ScalarType.Float32);
        if (_gate is null || learningRate.Now == learningRate.Before)
        {
            FusedAdamW.Step(parts, _step, _rule, learningRate.Now, weightDecay, _gate?.Skip);
            return;
        }
        // The rate is the host's and two of them are possible: one of the two calls writes nothing.
        FusedAdamW.Step(parts, _step, _rule, learningRate.Now, weightDecay, _gate.SkipUnlessNow);
        FusedAdamW.Step(parts, _step, _rule, learningRate.Before, weightDecay, _gate.SkipUnlessBefore);
    }

    private void UpdateByFormula(in AdamPart part, Rate learningRate, double weightDecay)
    {
        var formula = For(part.P.dtype);
        var rate = formula.Rate(learningRate);
        using var decay = (-weightDecay).ToScalar();
        if (weightDecay != 0) part.P.addcmul_(part.P, rate, decay);
        if (_rule.Kind == OptimizerKind.Sgd)
        {
            part.P.addcmul_(part.G, rate, Scalars.MinusOne);
            return;
        }
        part.M!.lerp_(part.G, formula.FirstWeight);
        part.V!.lerp_(part.G.mul(part.G), formula.SecondWeight);
        var denominator = part.V.div(formula.SecondCorrection).sqrt_().add_(formula.Epsilon, Scalars.One);
        part.P.addcmul_(part.M.div(denominator), rate.div(formula.FirstCorrection), Scalars.MinusOne);
    }

    private Formula For(ScalarType dtype)
    {
        foreach (var made in _formulas)
        {
            if (made.DType == dtype) return made;
        }
        var formula = new Formula(_rule, _gate, _applied, _constants, dtype);
        _formulas.Add(formula);
        return formula;
    }

    /// <summary>The scalars of the formula in one type; all are views of two vectors, to save launches.</summary>
    private sealed class Formula
    {
        private readonly StepGate? _gate;
        private readonly Tensor _ok;
        private readonly List<(Rate Rate, Tensor Value)> _rates = [];

        public Formula(in UpdateRule rule, StepGate? gate, Tensor applied, DeviceConstants constants, ScalarType dtype)
        {
            _gate = gate;
            DType = dtype;
            var weights = constants.Of(dtype, 1, 1 - rule.Beta1, 1 - rule.Beta2);
            if (gate is not null) weights = weights.mul(gate.Good);
            (_ok, FirstWeight, SecondWeight) = (weights.select(0, 0), weights.select(0, 1), weights.select(0, 2));
            Epsilon = constants.Of(dtype, rule.Epsilon);
            // 1 − β^t; before the first applied step it would be 0, and 0 ÷ 0 is not a number.
            var corrections = constants.Of(ScalarType.Float64, 1, 1).sub(constants.Of(ScalarType.Float64, rule.Beta1, rule.Beta2).pow(applied.clamp_min(Scalars.One))).to(dtype);
            (FirstCorrection, SecondCorrection) = (corrections.select(0, 0), corrections.select(0, 1));
        }

        public ScalarType DType { get; }

        /// <summary>1 − β₁, 0 in a step that changes nothing.</summary>
        public Tensor FirstWeight { get; }

        /// <summary>1 − β₂, likewise.</summary>
        public Tensor SecondWeight { get; }

        /// <summary>1 − β₁^t.</summary>
        public Tensor FirstCorrection { get; }

        /// <summary>1 − β₂^t.</summary>
        public Tensor SecondCorrection { get; }

        public Tensor Epsilon { get; }

        /// <summary>The rate that holds, 0 in a step that changes nothing.</summary>
        public Tensor Rate(Rate rate)
        {
            foreach (var made in _rates)
            {
                if (made.Rate == rate) return made.Value;
            }
            using Scalar now = rate.Now.ToScalar(), before = rate.Before.ToScalar();
            // The step before is a good one, too, or the first value would be zero.
            var value = _gate is null || rate.Now == rate.Before ? _ok.mul(now) : _ok.mul(before).masked_fill_(_gate.IsNow, now);
            _rates.Add((rate, value));
            return value;
        }
    }
}
