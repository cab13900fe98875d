using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>Logs of runs that never were: with hostile names, of a large model, of many events.</summary>
internal static class RecordedRuns
{
    /// <summary>Markup that would run script, and characters that break what is put together from text.</summary>
    public const string Hostile = "<img src=x onerror=alert(1)>\"'`</script><script>alert(2)</script>${alert(3)}‮";

    /// <summary>Writes a log in which every text is hostile.</summary>
    public static void WriteHostile(string folder) => Write(folder, "20260101-000000-0001",
        Start("20260101-000000-0001", Hostile, layers: 2, kinds: 2, suffix: Hostile) with
        {
            Model = Hostile,
            Device = Hostile,
            OutputFolder = Hostile,
            ResumedFrom = Hostile,
            Options = new Dictionary<string, string> { [Hostile] = Hostile, ["__proto__"] = "of the options" },
            Card = new Dictionary<string, string> { [Hostile] = Hostile, ["constructor"] = "of the card" },
            Versions = new Dictionary<string, string> { [Hostile] = Hostile },
        },
        Ranks(0, 4, 4, 4, 4),
        Loss(1, 2.5) with { GradientNorm = double.NaN, Regulariser = double.PositiveInfinity },
        Loss(2, double.NaN),
        Loss(3, 1.5),
        new EvaluationRead { Step = 3, Metric = Hostile, Value = double.NegativeInfinity, HigherIsBetter = true, IsBest = true, Further = new Dictionary<string, double> { [Hostile + "2"] = 1, ["__proto__"] = 2, ["toString"] = 3 } },
        Ranks(4, 4, 0, 3, 1),
        new CheckpointRead { Step = 4, Folder = Hostile },
        new RunNotice { Step = 4, Text = Hostile },
        new RunEnded { Step = 4, State = RunState.Failed, Reason = Hostile });

    /// <summary>Writes the log of a model of many layers.</summary>
    public static void WriteLarge(string folder, int layers, int kinds)
    {
        var start = Start("20260102-000000-0002", "large", layers, kinds, "");
        var ranks = Enumerable.Range(0, 20).Select(t => Ranks(t * 10, [.. start.Targets.Select((target, i) => Math.Max(0, 4 - (i * 7 + i / layers) % 9 * t / 16))]));
        Write(folder, start.Run, [start, .. ranks, .. Enumerable.Range(1, 200).Select(i => Loss(i, 3 * Math.Exp(-i / 60.0) + 0.2 * Math.Sin(i * 1.7) * Math.Exp(-i / 90.0)))]);
    }

    /// <summary>Id of the run of <see cref="WriteEarly"/>.</summary>
    public const string EarlyId = "20251231-000000-0003";

    /// <summary>Writes the log of a run that was evaluated before its ranks were within the budget.</summary>
    public static void WriteEarly(string folder) => Write(folder, EarlyId,
        Start(EarlyId, "early", layers: 2, kinds: 2, suffix: ""),
        Ranks(0, 4, 4, 4, 4),
        Loss(1, 2.5),
        new EvaluationRead { Step = 1, Metric = "accuracy", Value = 0.5, HigherIsBetter = true, Further = new Dictionary<string, double>() });

    public static RunStarted Start(string run, string name, int layers, int kinds, string suffix) => new()
    {
        Run = run,
        Name = name,
        Model = "Large",
        TotalSteps = 200,
        BatchesPerEpoch = 50,
        Device = "cpu",
        Threads = 1,
        Targets = [.. from kind in Enumerable.Range(0, kinds) from layer in Enumerable.Range(0, layers) select new RunTarget($"layers.{layer}.kind{kind}{suffix}", $"layers.*.kind{kind}{suffix}", layer, 4096, 1024, 4)],
        Budget = new RunBudget(4L * layers * kinds, layers * kinds, 20, 60, 10, "triplets"),
        OutputFolder = "out",
        Options = new Dictionary<string, string> { ["Steps"] = "200" },
        Card = new Dictionary<string, string>(),
        Versions = new Dictionary<string, string>(),
    };

    public static RanksRead Ranks(int step, params int[] ranks) =>
        new() { Step = step, Budget = ranks.Sum(), Ranks = ranks, Importances = [.. Enumerable.Range(0, Math.Min(256, 4 * ranks.Length)).Select(i => (float)Math.Exp(-i / 8.0 - step / 100.0))] };

    public static LossRead Loss(int step, double loss) => new()
    {
        Step = step,
        Loss = loss,
        Epoch = step / 50.0,
        LearningRate = 1e-3,
        Budget = 8,
        GradientNorm = 1,
        Regulariser = 0.1,
        SamplesPerSecond = 100,
        RemainingSeconds = 200 - step,
        ProcessBytes = 500_000_000,
    };

    private static void Write(string folder, string run, params IEnumerable<TrainingEvent> events)
    {
        using var log = new RunLog(folder, run);
        long number = 0;
        var start = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        foreach (var e in events) log.Write(e with { Number = ++number, Time = start.AddSeconds(number) });
    }
}
