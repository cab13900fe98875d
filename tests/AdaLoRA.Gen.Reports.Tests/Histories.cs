using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Reports.Tests;

/// <summary>Runs that never were, event by event.</summary>
internal static class Histories
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static RunHistory Of(params IEnumerable<TrainingEvent> events)
    {
        var history = new RunHistory();
        long number = 0;
        foreach (var e in events) history.Add(e with { Number = ++number, Time = e.Time == default ? Noon.AddSeconds(number) : e.Time });
        return history;
    }

    /// <summary>Six kinds of layers in four blocks and a single one; budget 100 → 25 over 100 steps, an evaluation every 20.</summary>
    public static RunHistory Whole() => Of(WholeEvents());

    public static IEnumerable<TrainingEvent> WholeEvents()
    {
        var start = Start();
        yield return start;
        yield return Ranks(start, 0, t => t.InitialRank);
        yield return Evaluation(0, 0.125);
        for (int step = 2; step <= 100; step += 2)
        {
            int at = step;
            yield return Loss(step, 3 * Math.Exp(-step / 30.0) + 0.05 * (step % 7));
            if (step is >= 10 and <= 60 && step % 10 == 0) yield return Ranks(start, step, t => Math.Max(0, t.InitialRank - at / 30 - Math.Max(0, t.Index) % 3));
            if (step % 20 == 0) yield return Evaluation(step, step == 80 ? 0.90625 : 0.1 + step / 140.0);
            if (step == 50) yield return new CheckpointRead { Step = step, Folder = "/out/checkpoints/step-50" };
        }
        yield return End(RunState.Finished, 100);
    }

    public static RunStarted Start(IReadOnlyList<RunTarget>? targets = null, int steps = 100, RunBudget? budget = null, int at = 0, string? resumedFrom = null) => new()
    {
        Run = "20260301-120000-abcd",
        Name = "Classifier",
        Model = "Classifier",
        Step = at,
        TotalSteps = steps,
        BatchesPerEpoch = 25,
        Device = "cpu",
        Threads = 2,
        Targets = targets ?? Targets(),
        Budget = budget ?? new RunBudget(100, 25, 10, 40, 1, "triplets"),
        TrainedParameters = 123456,
        OutputFolder = "/out",
        ResumedFrom = resumedFrom,
        Options = new Dictionary<string, string> { ["Steps"] = "100", ["Seed"] = "7", ["LearningRate"] = "0.004", ["BatchSize"] = "32", ["Adapter:Targets"] = "*.self.{query, key}, *.dense", ["Adapter:Budget"] = "25" },
        Card = new Dictionary<string, string> { ["data"] = "BANKING77", ["examples"] = "10,003" },
        Versions = new Dictionary<string, string> { ["AdaLoRA.Gen"] = "0.1.0", [".NET"] = "10.0.0" },
        ProcessId = 1,
    };

    public static IReadOnlyList<RunTarget> Targets() =>
    [
        .. from kind in new[] { "attention.self.query", "attention.self.key", "attention.output.dense", "intermediate.dense", "output.dense", "output.gate" }
           from block in Enumerable.Range(0, 4)
           select new RunTarget($"encoder.layer.{block}.{kind}", $"encoder.layer.*.{kind}", block, 384, 384, 4),
        new RunTarget("encoder.embeddings.projection", "encoder.embeddings.projection", -1, 384, 128, 4),
    ];

    public static LossRead Loss(int step, double loss) => new()
    {
        Step = step,
        Loss = loss,
        Epoch = step / 25.0,
        LearningRate = 4e-3 * (1 - step / 200.0),
        Budget = 50,
        GradientNorm = 1.5,
        SamplesPerSecond = 61.25,
        ProcessBytes = 900_000_000 + step * 1_000_000L,
    };

    public static RanksRead Ranks(RunStarted start, int step, Func<RunTarget, int> rank) =>
        new() { Step = step, Budget = 50, Ranks = [.. start.Targets.Select(rank)], Importances = step == 0 ? null : [.. Enumerable.Range(0, 100).Select(i => (float)Math.Exp(-i / (8.0 + step / 20.0)))] };

    public static EvaluationRead Evaluation(int step, double value, string metric = "accuracy", bool higherIsBetter = true) =>
        new() { Step = step, Metric = metric, Value = value, HigherIsBetter = higherIsBetter, Further = new Dictionary<string, double> { ["cross_entropy"] = 2.5 - value }, Seconds = 1.5 };

    public static RunEnded End(RunState state, int step, string? reason = null) => new()
    {
        Step = step,
        State = state,
        Reason = reason,
        Result = state == RunState.Failed ? null : new TrainingResult
        {
            Model = "Classifier",
            Steps = step,
            TotalSteps = 100,
            Interrupted = state == RunState.Interrupted,
            Seconds = 83.5,
            SamplesPerSecond = 38.25,
            LastLoss = 0.25,
            Final = state == RunState.Finished ? new Evaluation("accuracy", 0.8142857142857143) : null,
            Best = null,
            Evaluations = [],
            Ranks = new Dictionary<string, int>(),
            TrainableParameters = 45678,
            BaseParameters = 22_000_000,
            SkippedSteps = 0,
            Threads = 2,
            PeakProcessBytes = 1_234_000_000,
            AdapterFolder = "/out/adapter",
            BestFolder = null,
            Checkpoint = null,
        },
    };
}
