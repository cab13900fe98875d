using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The scalars of one step as tensors on the arena's device, so that a step that must change nothing (a gradient was not finite) is told apart without asking the device:
/// <c>ok</c> is 1 or 0, and every rate is multiplied by it.
/// </summary>
internal sealed class UpdateFactors
{
    private readonly UpdateRule _rule;
    private readonly Tensor _ok;
    private readonly Tensor? _isNow;
    private readonly Tensor _firstWeight;
    private readonly Tensor _secondWeight;
    private readonly Tensor _firstCorrection;
    private readonly Tensor _secondCorrectionRoot;

    /// <summary>Made inside the step's dispose scope.</summary>
    /// <param name="rule">The optimizer's rule.</param>
    /// <param name="ok">1 or 0, a scalar of the arena's type.</param>
    /// <param name="isNow">1 where this is the step that the host takes it for, 0 where it takes the place of the one before; null where the host knows.</param>
    /// <param name="applied">Steps applied so far, this one included; a scalar of type float64.</param>
    public UpdateFactors(UpdateRule rule, Tensor ok, Tensor? isNow, Tensor applied)
    {
        _rule = rule;
        _ok = ok;
        _isNow = isNow;
        var dtype = ok.dtype;
        _firstWeight = ok.mul((Scalar)(1 - rule.Beta1));
        _secondWeight = ok.mul((Scalar)(1 - rule.Beta2));
        _firstCorrection = Correction(rule.Beta1, applied).to(dtype);
        _secondCorrectionRoot = Correction(rule.Beta2, applied).sqrt().to(dtype);
    }

    /// <summary>Updates one flat tensor in place. <paramref name="g"/> must be finite and stays as it is.</summary>
    public void Update(Tensor p, Tensor g, Tensor? m, Tensor? v, Rate learningRate, double weightDecay)
    {
        var rate = Applied(learningRate);
        if (_rule.Kind == OptimizerKind.Sgd)
        {
            var direction = weightDecay == 0 ? g : g.add(p, (Scalar)weightDecay);
            p.sub_(direction.mul(rate));
            return;
        }
        if (weightDecay != 0) p.mul_(rate.mul((Scalar)(-weightDecay)).add_((Scalar)1.0));
        m!.lerp_(g, _firstWeight);
        v!.lerp_(g.square(), _secondWeight);
        var denominator = v.sqrt().div_(_secondCorrectionRoot).add_((Scalar)_rule.Epsilon);
        p.sub_(m.div(denominator).mul_(rate.div(_firstCorrection)));
    }

    /// <summary>The rate that holds, 0 for a step that changes nothing.</summary>
    private Tensor Applied(Rate rate) => _isNow is null || rate.Now == rate.Before
        ? _ok.mul((Scalar)rate.Now)
        : where(_isNow.ne((Scalar)0), full_like(_ok, (Scalar)rate.Now), full_like(_ok, (Scalar)rate.Before)).mul_(_ok);

    // 1 − β^t; before the first applied step it would be 0, and 0 ÷ 0 is not a number.
    private static Tensor Correction(double beta, Tensor applied) => beta == 0 ? ones_like(applied) : applied.mul((Scalar)Math.Log(beta)).expm1_().neg_().clamp_min_((Scalar)1e-16);
}
