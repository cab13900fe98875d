namespace AdaLoRA.Gen.Hosting;

/// <summary>A learning rate as a pure function of the step, so a resumed run needs no scheduler state. Values are those of transformers' seven schedules to 1e-12.</summary>
/// <param name="Kind">Shape.</param>
/// <param name="TotalSteps">T: optimizer steps of the run.</param>
/// <param name="WarmupSteps">Steps of the rise from 0. Without a warm-up <see cref="ScheduleKind.InverseSqrt"/> falls on a scale of 10,000 steps.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, int TotalSteps, int WarmupSteps = 0)
{
    /// <summary>Waves of the cosine schedules.</summary>
    /// <value>Null (default): half a wave for <see cref="ScheduleKind.Cosine"/>, one for <see cref="ScheduleKind.CosineWithRestarts"/>.</value>
    public double? Cycles { get; init; }

    /// <summary>Exponent of <see cref="ScheduleKind.Polynomial"/>.</summary>
    /// <value>Default 1.</value>
    public double Power { get; init; } = 1;

    /// <summary>Rate at which <see cref="ScheduleKind.Polynomial"/> ends.</summary>
    /// <value>Default 1e-7.</value>
    public double EndRate { get; init; } = 1e-7;

    /// <summary>The schedule that the options describe.</summary>
    /// <param name="options">A run's options.</param>
    /// <param name="totalSteps">T.</param>
    public static LearningRateSchedule From(TrainingOptions options, int totalSteps)
    {
        ArgumentNullException.ThrowIfNull(options);
        int warmup = options.Warmup < 1 ? (int)Math.Ceiling(options.Warmup * totalSteps) : (int)options.Warmup;
        return new LearningRateSchedule(options.Schedule, totalSteps, warmup) { Cycles = options.ScheduleCycles, Power = options.SchedulePower, EndRate = options.ScheduleEnd };
    }

    /// <summary>The learning rate that step <paramref name="step"/> uses.</summary>
    /// <param name="step">From 1. With a warm-up the first step uses 0, as in transformers.</param>
    /// <param name="peak">The rate that the schedule scales.</param>
    public double RateAt(int step, double peak)
    {
        int done = step - 1;
        if (Kind == ScheduleKind.Constant) return peak;
        if (done < WarmupSteps) return peak * done / WarmupSteps;
        double progress = (double)(done - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps);
        return Kind switch
        {
            ScheduleKind.ConstantWithWarmup => peak,
            ScheduleKind.Linear => peak * Math.Max(0, 1 - progress),
            ScheduleKind.Cosine => peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (Cycles ?? 0.5) * 2 * progress))),
            ScheduleKind.CosineWithRestarts => progress >= 1 ? 0 : peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * ((Cycles ?? 1) * progress % 1)))),
            ScheduleKind.Polynomial => progress > 1 || peak <= EndRate ? Math.Min(peak, EndRate) : (peak - EndRate) * Math.Pow(1 - progress, Power) + EndRate,
            ScheduleKind.InverseSqrt => peak / Math.Sqrt((done + Timescale - WarmupSteps) / Timescale),
            _ => throw new AdaLoRAException($"Schedule {Kind} is unknown; use one of {string.Join(", ", Enum.GetNames<ScheduleKind>())}."),
        };
    }

    private double Timescale => WarmupSteps > 0 ? WarmupSteps : 10_000;
}
