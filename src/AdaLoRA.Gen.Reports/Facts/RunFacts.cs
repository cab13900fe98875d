using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Reports.Facts;

/// <summary>The numbers of a report, from a run's events as they are at one moment.</summary>
internal sealed class RunFacts
{
    /// <summary>Takes the events.</summary>
    /// <exception cref="AdaLoRAException">The run has not started.</exception>
    public RunFacts(RunHistory history)
    {
        Events = history.Events;
        Starts = [.. Events.OfType<RunStarted>()];
        if (Starts.Count == 0) throw new AdaLoRAException("There is nothing to report yet: the run has not started. Write the report when the first step was taken, or the run has ended.");
        Started = Starts[^1];
        Ended = Events.OfType<RunEnded>().LastOrDefault();
        Losses = [.. Events.OfType<LossRead>()];
        Evaluations = [.. Events.OfType<EvaluationRead>()];
        Ranks = [.. Events.OfType<RanksRead>().Where(r => r.Ranks.Count == Started.Targets.Count)];
        Steps = Ended?.Result?.Steps ?? Events[^1].Step;
        Resumes = [.. Starts.Where(s => s.ResumedFrom is not null).Select(s => s.Step).Distinct().Order()];
    }

    /// <summary>All that are kept.</summary>
    public IReadOnlyList<TrainingEvent> Events { get; }

    /// <summary>One of every process.</summary>
    public IReadOnlyList<RunStarted> Starts { get; }

    /// <summary>The last of them.</summary>
    public RunStarted Started { get; }

    /// <summary>Null while the run lasts, and when its process died.</summary>
    public RunEnded? Ended { get; }

    public IReadOnlyList<LossRead> Losses { get; }

    public IReadOnlyList<EvaluationRead> Evaluations { get; }

    public IReadOnlyList<RanksRead> Ranks { get; }

    /// <summary>Steps at which a process went on.</summary>
    public IReadOnlyList<int> Resumes { get; }

    /// <summary>Steps done.</summary>
    public int Steps { get; }

    /// <summary>Where the axis of what was measured ends.</summary>
    public int LastStep => Math.Max(1, Math.Max(Steps, Events.Where(e => e is LossRead or EvaluationRead or RanksRead or RunStarted).Max(e => e.Step)));

    /// <summary>Ranks at the end, in the order of the targets.</summary>
    public IReadOnlyList<int> FinalRanks => Ranks.Count > 0 ? Ranks[^1].Ranks : [.. Started.Targets.Select(t => t.InitialRank)];

    public long LiveTriplets => FinalRanks.Sum(r => (long)r);

    public long InitialTriplets => Started.Targets.Sum(t => (long)t.InitialRank);

    /// <summary>The largest rank that any target ever had, at least 1: the top of a rank map's colours.</summary>
    public int MostRank => Math.Max(1, Math.Max(Started.Targets.Select(t => t.InitialRank).DefaultIfEmpty().Max(), Ranks.SelectMany(r => r.Ranks).DefaultIfEmpty().Max()));

    /// <summary>Parameters in living triplets and fully trained modules, as far as is known.</summary>
    public long TrainedParameters => Ended?.Result?.TrainableParameters ?? Started.TrainedParameters;

    /// <summary>The last evaluation; null when there was none.</summary>
    public EvaluationRead? LastEvaluation => Evaluations.Count > 0 ? Evaluations[^1] : null;

    /// <summary>The best evaluation after step 0.</summary>
    public EvaluationRead? BestEvaluation
    {
        get
        {
            EvaluationRead? best = null;
            foreach (var e in Evaluations)
            {
                if (e.Step > 0 && double.IsFinite(e.Value) && (best is null || (e.HigherIsBetter ? e.Value > best.Value : e.Value < best.Value))) best = e;
            }
            return best;
        }
    }

    /// <summary>The loss that was read last, also one that is no number.</summary>
    public double? LastLoss => Losses.Count > 0 ? Losses[^1].Loss : null;

    public long SkippedSteps => Ended?.Result?.SkippedSteps ?? (Losses.Count > 0 ? Losses[^1].SkippedSteps : 0);

    /// <summary>Examples per second: of the whole run where it is known, else what was read last.</summary>
    public double? SamplesPerSecond => Ended?.Result?.SamplesPerSecond ?? (Losses.Count > 0 ? Losses[^1].SamplesPerSecond : null);

    /// <summary>Seconds spent in steps; null when the run did not come to tell.</summary>
    public double? StepSeconds => Ended?.Result?.Seconds;

    /// <summary>Seconds from each start to the last event of its process, added up: evaluations and checkpoints included, the time between two processes not.</summary>
    public double WallSeconds
    {
        get
        {
            double sum = 0;
            DateTimeOffset? from = null;
            var last = default(DateTimeOffset);
            foreach (var e in Events)
            {
                if (e is RunStarted)
                {
                    if (from is { } earlier) sum += Math.Max(0, (last - earlier).TotalSeconds);
                    from = e.Time;
                }
                last = e.Time;
            }
            return sum + Math.Max(0, (last - from!.Value).TotalSeconds);
        }
    }

    /// <summary>The most memory of the process in bytes; null when it was never read.</summary>
    public long? PeakProcessBytes => Ended?.Result?.PeakProcessBytes ?? Losses.Max(l => l.ProcessBytes);

    /// <summary>The most memory in use on the device in bytes.</summary>
    public long? PeakDeviceBytes => Ended?.Result?.PeakDeviceBytes ?? Losses.Max(l => l.DeviceBytes);

    /// <summary>Up to <paramref name="most"/> distributions of ranks, the first and the last among them, evenly spaced in steps.</summary>
    public IReadOnlyList<RanksRead> RanksOverTime(int most)
    {
        if (Ranks.Count <= most) return Ranks;
        var chosen = new List<RanksRead>();
        int from = Ranks[0].Step, to = Ranks[^1].Step;
        for (int i = 0; i < most; i++)
        {
            double step = from + (double)(to - from) * i / (most - 1);
            var there = i == most - 1 ? Ranks[^1] : Ranks.Last(r => r.Step <= Math.Max(step, from));
            if (chosen.Count == 0 || chosen[^1] != there) chosen.Add(there);
        }
        return chosen;
    }
}
