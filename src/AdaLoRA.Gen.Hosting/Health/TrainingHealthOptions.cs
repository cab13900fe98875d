namespace AdaLoRA.Gen.Hosting;

/// <summary>When a run counts as one that no longer gets on.</summary>
public sealed class TrainingHealthOptions
{
    /// <summary>A run is degraded when no step was done for so many times the time that one usually takes.</summary>
    /// <value>Above 1. Default 20.</value>
    public double UsualSteps { get; set; } = 20;

    /// <summary>And at least for so long; an evaluation may take twice as long as the longest before it.</summary>
    /// <value>Not negative. Default a minute: checkpoints and first evaluations take their time.</value>
    public TimeSpan Least { get; set; } = TimeSpan.FromMinutes(1);
}
