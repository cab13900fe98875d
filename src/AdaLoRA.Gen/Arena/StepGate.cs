using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// What a step may change, as flags on the device, so that a step whose gradients are not finite changes nothing and nobody has to ask. Where the host does not know yet whether the last step was applied,
/// the device's own counter chooses between two points of the schedule. Flags are made when they are first asked for: each is a launch.
/// </summary>
internal sealed class StepGate
{
    private readonly SchedulePoint _now;
    private readonly SchedulePoint _before;
    private readonly Tensor _applied;
    private Tensor? _isNow, _isBefore, _skip, _skipNow, _skipBefore;

    /// <summary>Made inside the step's dispose scope. Counts the step as applied where <paramref name="norm"/> is finite.</summary>
    /// <param name="plan">The step's plan.</param>
    /// <param name="norm">‖g‖₂, a scalar.</param>
    /// <param name="applied">Steps applied so far, a float64 scalar.</param>
    /// <param name="constants">Of the same device.</param>
    public StepGate(in StepPlan plan, Tensor norm, Tensor applied, DeviceConstants constants)
    {
        _now = plan.Point;
        _before = plan.IfLastWasSkipped ?? plan.Point;
        _applied = applied;
        // A norm is not negative, and no comparison holds of a NaN.
        Good = norm.lt(constants.Of(norm.dtype, double.PositiveInfinity));
        Bad = Good.bitwise_not();
        applied.add_(Good, Scalars.One);
    }

    /// <summary>Whether the step changes anything, a bool scalar.</summary>
    public Tensor Good { get; }

    /// <summary>The opposite.</summary>
    public Tensor Bad { get; }

    /// <summary>Whether this really is the step that the host takes it for. Only after two good steps does the counter stand there, so it implies <see cref="Good"/>.</summary>
    public Tensor IsNow
    {
        get
        {
            if (_isNow is not null) return _isNow;
            using var step = ((double)_now.Step).ToScalar();
            return _isNow = _applied.eq(step);
        }
    }

    /// <summary>Whether the step takes the place of a last one that was skipped.</summary>
    public Tensor IsBefore => _isBefore ??= Good.ne(IsNow);

    /// <summary>1 where the step changes nothing; float32, as <see cref="FusedAdamW"/> wants it.</summary>
    public Tensor Skip => _skip ??= Bad.to(ScalarType.Float32);

    /// <summary>1 unless <see cref="IsNow"/>.</summary>
    public Tensor SkipUnlessNow => _skipNow ??= IsNow.bitwise_not().to(ScalarType.Float32);

    /// <summary>1 unless <see cref="IsBefore"/>.</summary>
    public Tensor SkipUnlessBefore => _skipBefore ??= Good.eq(IsNow).to(ScalarType.Float32);

    /// <summary>Whether the averages move; null: they do not.</summary>
    public Tensor? Importance => Where(_now.UpdateImportance, _before.UpdateImportance);

    /// <summary>Whether the triplets are ranked anew; null: they are not.</summary>
    public Tensor? Allocate => Where(_now.AllocateTo is not null, _before.AllocateTo is not null);

    /// <summary>b(t), a float64 scalar; only where <see cref="Allocate"/> is not null.</summary>
    public Tensor Budget
    {
        get
        {
            // Where only one of the two points ranks, nothing happens at the other.
            double now = _now.AllocateTo ?? _before.AllocateTo!.Value, before = _before.AllocateTo ?? now;
            return Between(ScalarType.Float64, now, before);
        }
    }

    /// <summary>Whether removed λ are held at zero, whatever becomes of this step: then they are zero already, unless someone wrote them.</summary>
    public bool HoldsPattern => _now.HoldPattern && _before.HoldPattern;

    /// <summary>Whether removed λ are set to zero; null: they are not.</summary>
    public Tensor? ApplyMask => Where(_now.HoldPattern || _now.AllocateTo is not null, _before.HoldPattern || _before.AllocateTo is not null);

    /// <summary>The one of two values that holds, as a scalar of a type.</summary>
    /// <param name="dtype">The result's type.</param>
    /// <param name="now">Where <see cref="IsNow"/>.</param>
    /// <param name="before">Elsewhere.</param>
    public Tensor Between(ScalarType dtype, double now, double before)
    {
        using Scalar first = before.ToScalar(), second = now.ToScalar();
        var value = full([], first, dtype: dtype, device: Good.device);
        return now == before ? value : value.masked_fill_(IsNow, second);
    }

    private Tensor? Where(bool now, bool before) => now ? before ? Good : IsNow : before ? IsBefore : null;
}
