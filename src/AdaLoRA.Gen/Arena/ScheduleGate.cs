using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// What a step may change, as factors on the device. Where the host knows which step this is, each is <c>ok</c> or absent. Where it does not know yet whether the last one was
/// applied, the device's own counter chooses between two points of the schedule.
/// </summary>
internal readonly ref struct ScheduleGate
{
    /// <summary>1 where this really is the step that the host takes it for, 0 where it is the one before; null where the host knows.</summary>
    public Tensor? IsNow { get; }

    /// <summary>1 where the averages move, else 0; null: they do not.</summary>
    public Tensor? Importance { get; }

    /// <summary>1 where the triplets are ranked anew, else 0; null: they are not.</summary>
    public Tensor? Allocate { get; }

    /// <summary>b(t), a float64 scalar; null with <see cref="Allocate"/>.</summary>
    public Tensor? Budget { get; }

    /// <summary>1 where removed λ are set to zero, else 0; null: they are not.</summary>
    public Tensor? ApplyMask { get; }

    /// <summary>Made inside the step's dispose scope.</summary>
    /// <param name="plan">The step's plan.</param>
    /// <param name="ok">1 where the gradients are finite, else 0.</param>
    /// <param name="applied">Applied steps, this one included.</param>
    public ScheduleGate(in StepPlan plan, Tensor ok, Tensor applied)
    {
        var now = plan.Point;
        var before = plan.IfLastWasSkipped ?? now;
        var isNow = IsNow = now == before ? null : applied.eq((Scalar)(double)now.Step).to(ok.dtype);
        Importance = Choose(now.UpdateImportance, before.UpdateImportance, ok, isNow);
        Allocate = Choose(now.AllocateTo is not null, before.AllocateTo is not null, ok, isNow);
        if (Allocate is not null)
        {
            double ifNow = now.AllocateTo ?? 0, ifBefore = before.AllocateTo ?? 0;
            Budget = isNow is null ? full([], ifNow, dtype: ScalarType.Float64, device: ok.device) : isNow.to(ScalarType.Float64).mul_((Scalar)(ifNow - ifBefore)).add_((Scalar)ifBefore);
        }
        ApplyMask = Choose(now.HoldPattern || now.AllocateTo is not null, before.HoldPattern || before.AllocateTo is not null, ok, isNow);
    }

    private static Tensor? Choose(bool now, bool before, Tensor ok, Tensor? isNow)
    {
        if (now == before || isNow is null) return now ? ok : null;
        return now ? ok.mul(isNow) : ok.sub(ok.mul(isNow));
    }
}
