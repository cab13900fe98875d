namespace AdaLoRA.Gen.Hosting;

/// <summary>When a run last got on, for who asks whether it still does. Written on the training thread, for a few nanoseconds a step; read on any.</summary>
internal sealed class RunPulse
{
    // Weight of the newest step: the mean follows within some tens of steps.
    private const double Newest = 0.1;

    private long _last;
    private long _ticksOfStep;
    private int _step;
    private long _skippedInARow;
    private double _evaluationSeconds;

    /// <summary>Timestamp of the last sign of life; 0 before the first.</summary>
    public long Last => Volatile.Read(ref _last);

    /// <summary>Timestamp ticks that a step usually takes, evaluations left out; 0 before the second step.</summary>
    public long TicksOfStep => Volatile.Read(ref _ticksOfStep);

    /// <summary>Optimizer steps done.</summary>
    public int Steps => Volatile.Read(ref _step);

    /// <summary>Steps that changed nothing since the last one that did.</summary>
    public long SkippedInARow => Volatile.Read(ref _skippedInARow);

    /// <summary>Seconds of the longest evaluation so far.</summary>
    public double EvaluationSeconds => Volatile.Read(ref _evaluationSeconds);

    /// <summary>The first step, or the first after a pause, comes next.</summary>
    public void Begin(long now) => Volatile.Write(ref _last, now);

    /// <summary>A step is done.</summary>
    public void Step(int step, long now)
    {
        long taken = now - _last;
        Volatile.Write(ref _ticksOfStep, _ticksOfStep == 0 ? taken : (long)(Newest * taken + (1 - Newest) * _ticksOfStep));
        Volatile.Write(ref _step, step);
        Volatile.Write(ref _skippedInARow, 0);
        Volatile.Write(ref _last, now);
    }

    /// <summary>A step changed nothing.</summary>
    public void Skip(long inARow) => Volatile.Write(ref _skippedInARow, inARow);

    /// <summary>An evaluation is done.</summary>
    public void Evaluation(double seconds, long now)
    {
        Volatile.Write(ref _evaluationSeconds, Math.Max(_evaluationSeconds, seconds));
        Volatile.Write(ref _last, now);
    }
}
