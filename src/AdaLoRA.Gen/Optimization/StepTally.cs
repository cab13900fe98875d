using AdaLoRA.Gen.Arena;

namespace AdaLoRA.Gen.Optimization;

/// <summary>Counts applied and skipped steps over the life of an optimizer, whose tails come and go and may tell one step late.</summary>
internal sealed class StepTally
{
    private long _completedBefore;
    private long _skippedBefore;
    private long _attempts;
    private StepCount _known;

    /// <summary>Applied steps; one whose outcome is not known yet counts as applied.</summary>
    public int Completed => checked((int)(_completedBefore + _known.Applied + (_attempts - _known.Attempts)));

    public long Skipped => _skippedBefore + _known.Attempts - _known.Applied;

    public long SkippedInARow { get; private set; }

    /// <summary>Whether the outcome of the last step is open.</summary>
    public bool IsLastUnknown => _known.Attempts < _attempts;

    /// <summary>One more step was taken.</summary>
    public void Attempted(StepCount known)
    {
        _attempts++;
        Update(known);
    }

    public void Update(StepCount known)
    {
        long attempts = known.Attempts - _known.Attempts, applied = known.Applied - _known.Applied;
        if (attempts > 0) SkippedInARow = applied == 0 ? SkippedInARow + attempts : attempts - applied;
        _known = known;
    }

    /// <summary>The next counts come from a new tail. Everything is known at that moment.</summary>
    public void Rebase() => Restore(Completed, Skipped, SkippedInARow);

    public void Restore(long completed, long skipped, long skippedInARow)
    {
        (_completedBefore, _skippedBefore, SkippedInARow) = (completed, skipped, skippedInARow);
        _attempts = 0;
        _known = default;
    }
}
