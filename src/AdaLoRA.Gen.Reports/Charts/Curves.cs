using AdaLoRA.Gen.Budget;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>What a run measured over its steps, a picture each. One that was never measured has no picture.</summary>
internal static class Curves
{
    /// <summary>Readings from which on a loss also gets a curve of means.</summary>
    private const int EnoughToSmooth = 40;

    /// <summary>All of a run's.</summary>
    public static IReadOnlyList<Picture> Of(RunFacts run) =>
        [.. new[] { Loss(run), Evaluation(run), Budget(run), LearningRate(run), GradientNorm(run), Throughput(run), Memory(run) }.OfType<LineChart>().Select(c => c.Draw())];

    private static LineChart? Loss(RunFacts run)
    {
        var readings = Readings(run, l => l.Loss);
        var finite = Finite(readings);
        if (readings.Count == 0) return null;
        bool isSmoothed = finite.Count >= EnoughToSmooth;
        var raw = new Series("readings", Ink.First, readings) { Width = isSmoothed ? 1 : 1.75, Opacity = isSmoothed ? 0.4 : 1 };
        int lost = readings.Count - finite.Count;
        return new LineChart
        {
            Name = "loss",
            Title = "Training loss",
            Description = (finite.Count == 0 ? "No reading is a number." : FromTo(finite, "The loss")) + (lost > 0 && finite.Count > 0 ? $" {Say.Count(lost, "reading is", "readings are")} not a number." : ""),
            Series = isSmoothed ? [raw, new Series("moving mean", Ink.First, Means(finite)) { Width = 2 }] : [raw],
            Span = (0, run.LastStep),
            Resumes = run.Resumes,
            MayBeLogarithmic = true,
        };
    }

    private static LineChart? Evaluation(RunFacts run)
    {
        // A metric that a resumed run was given anew stands alone: two metrics have no common height.
        if (run.LastEvaluation is not { } last) return null;
        var readings = run.Evaluations.Where(e => e.Metric == last.Metric).Select(e => new Reading(e.Step, e.Value)).ToList();
        var best = run.BestEvaluation is { } b && b.Metric == last.Metric ? b : null;
        return new LineChart
        {
            Name = "evaluation",
            Title = $"Evaluation: {TextWidth.KeepEnd(last.Metric, 13, 300)}",
            Description = $"{FromTo(Finite(readings), last.Metric)}{(best is null ? "" : $" The best is {Say.Number(best.Value)} at step {Say.Whole(best.Step)}.")}",
            Series = [new Series(last.Metric, Ink.First, readings) { Shape = Shape.Dots }],
            Span = (0, run.LastStep),
            Resumes = run.Resumes,
            Best = best is null ? null : (new Reading(best.Step, best.Value), $"best {Say.Number(best.Value)} at step {Say.Whole(best.Step)}"),
        };
    }

    private static LineChart? Budget(RunFacts run)
    {
        if (run.Started.Budget is not { } budget || run.Ranks.Count == 0) return null;
        bool isParameters = budget.Unit == "parameters";
        var live = run.Ranks.Select(r => new Reading(r.Step, Live(run.Started, r.Ranks, isParameters))).ToList();
        // Ranks hold until the next ranking, so to where the run is.
        if (run.Steps > live[^1].X) live.Add(live[^1] with { X = run.Steps });
        var planned = Planned(run.Started, budget);
        return new LineChart
        {
            Name = "budget",
            Title = isParameters ? "Budget, in parameters" : "Budget, in triplets",
            Description = $"The schedule falls from {Say.Whole(budget.Initial)} to {Say.Whole(budget.Final)} {(isParameters ? "parameters" : "triplets")}; {Say.Number(live[^1].Y)} live at step {Say.Number(live[^1].X)}.",
            Series = [new Series("live", Ink.First, live) { Shape = Shape.Stairs, Width = 2.5 }, new Series("schedule b(t)", Ink.Second, planned) { IsDashed = true, Width = 1.5 }],
            Span = (0, Math.Max(run.LastStep, run.Started.TotalSteps)),
            Resumes = run.Resumes,
            FromZero = true,
        };
    }

    private static LineChart? LearningRate(RunFacts run) => Single(run, "learning-rate", "Learning rate", l => l.LearningRate, fromZero: true);

    private static LineChart? GradientNorm(RunFacts run) => Single(run, "gradient-norm", "Gradient norm before clipping", l => l.GradientNorm, fromZero: true, mayBeLogarithmic: true);

    private static LineChart? Throughput(RunFacts run) => Single(run, "throughput", "Examples per second", l => l.SamplesPerSecond, fromZero: true);

    private static LineChart? Memory(RunFacts run)
    {
        var process = Finite(Readings(run, l => l.ProcessBytes / 1e9 ?? double.NaN));
        var device = Finite(Readings(run, l => l.DeviceBytes / 1e9 ?? double.NaN));
        if (process.Count + device.Count == 0) return null;
        return new LineChart
        {
            Name = "memory",
            Title = "Memory in GB",
            Description = string.Join(" ", new[] { process.Count > 0 ? FromTo(process, "The process") : "", device.Count > 0 ? FromTo(device, "The device") : "" }.Where(t => t.Length > 0)),
            Series = device.Count == 0 ? [new Series("process", Ink.First, process)] : [new Series("process", Ink.First, process), new Series("device", Ink.Second, device)],
            Span = (0, run.LastStep),
            Resumes = run.Resumes,
            FromZero = true,
        };
    }

    private static LineChart? Single(RunFacts run, string name, string title, Func<LossRead, double> value, bool fromZero, bool mayBeLogarithmic = false)
    {
        // Not a number is, here, what was not measured.
        var readings = Finite(Readings(run, value));
        return readings.Count == 0 ? null : new LineChart
        {
            Name = name,
            Title = title,
            Description = FromTo(readings, "It"),
            Series = [new Series(name, Ink.First, readings)],
            Span = (0, run.LastStep),
            Resumes = run.Resumes,
            FromZero = fromZero,
            MayBeLogarithmic = mayBeLogarithmic,
        };
    }

    private static List<Reading> Readings(RunFacts run, Func<LossRead, double> value) => [.. run.Losses.Select(l => new Reading(l.Step, value(l)))];

    private static List<Reading> Finite(List<Reading> readings) => [.. readings.Where(r => double.IsFinite(r.Y))];

    private static double Live(RunStarted started, IReadOnlyList<int> ranks, bool isParameters) =>
        ranks.Select((rank, i) => isParameters ? rank * (started.Targets[i].InFeatures + (double)started.Targets[i].OutFeatures + 1) : rank).Sum();

    private static List<Reading> Planned(RunStarted started, RunBudget budget)
    {
        try
        {
            var schedule = new BudgetSchedule(started.TotalSteps, budget.Initial, budget.Final, budget.InitialWarmup, budget.FinalWarmup, Math.Max(1, budget.Interval));
            const int Spots = 200;
            return [.. Enumerable.Range(0, Spots + 1).Select(i => (int)((long)started.TotalSteps * i / Spots)).Distinct().Select(t => new Reading(t, schedule.BudgetAt(t)))];
        }
        catch (AdaLoRAException)
        {
            // Of a log that was changed by hand; what was measured is shown all the same.
            return [];
        }
    }

    /// <summary>Means over the neighbourhood of each reading, a twenty-fifth of all wide.</summary>
    private static List<Reading> Means(List<Reading> readings)
    {
        int half = Math.Max(1, readings.Count / 50);
        return [.. readings.Select((r, i) =>
        {
            // As wide on both sides, so that the ends do not lean.
            int reach = Math.Min(half, Math.Min(i, readings.Count - 1 - i));
            double sum = 0;
            for (int j = i - reach; j <= i + reach; j++) sum += readings[j].Y;
            return r with { Y = sum / (2 * reach + 1) };
        })];
    }

    private static string FromTo(List<Reading> readings, string what) => readings.Count switch
    {
        0 => $"{what} has no reading that is a number.",
        1 => $"{what} is {Say.Number(readings[0].Y)} at step {Say.Number(readings[0].X)}.",
        _ => $"{what} goes from {Say.Number(readings[0].Y)} at step {Say.Number(readings[0].X)} to {Say.Number(readings[^1].Y)} at step {Say.Number(readings[^1].X)}; lowest {Say.Number(readings.Min(r => r.Y))}, highest {Say.Number(readings.Max(r => r.Y))}.",
    };
}
