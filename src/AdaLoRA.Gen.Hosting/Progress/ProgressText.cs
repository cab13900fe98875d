using System.Globalization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The words of the console display, the same live and plain.</summary>
internal static class ProgressText
{
    public static string Started(TrainingStarted e)
    {
        string threads = e.Device.StartsWith("cpu", StringComparison.Ordinal) ? $", {e.Threads} thread{(e.Threads == 1 ? "" : "s")}{Measured(e)}" : "";
        string precision = e.Options.Precision == TrainingPrecision.Bf16 ? " in bf16" : "", memory = e.DeviceBytes is { } bytes ? $", {Bytes(bytes)} of the device in use" : "";
        string start = e.ResumedFrom is { } folder ? string.Create(CultureInfo.InvariantCulture, $"goes on from step {e.FirstStep} of {e.TotalSteps} ({folder})") : $"{e.TotalSteps} steps";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Run(e)} on {e.Device}{precision}{threads}: {start}, {e.Adapters.Adapters.Count} adapters, {e.Adapters.TotalRank} triplets, {e.Adapters.TrainableParameterCount:N0} trained parameters{memory}{Long(e.Estimate)}");
    }

    // Of a short run the estimate is rough, and nobody's question.
    private static string Long(RunEstimate? e) => e is { Seconds: >= 60 } ? $", about {Duration(TimeSpan.FromSeconds(Math.Min(e.Seconds, 1e9)))}" : "";

    // Two runs of one model are told apart by their names.
    private static string Run(TrainingStarted e) => e.Name.Length == 0 || e.Name == e.Model ? e.Model : $"{e.Name} ({e.Model})";

    /// <summary>The times that decided: "31.2 ms on 1, 24.0 ms on 2".</summary>
    public static string Times(IReadOnlyList<ThreadTime> times) => string.Join(", ", times.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Milliseconds:0.0} ms on {t.Threads}")));

    private static string Measured(TrainingStarted e) => e.ThreadTimes.Count == 0 ? "" : $" (a batch takes {Times(e.ThreadTimes)})";

    public static string Bytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");

    /// <summary>What follows the number of a budget: nothing for triplets.</summary>
    public static string Unit(AdapterSet adapters) => adapters.Options is { Method: AdapterMethod.AdaLoRA, BudgetUnit: BudgetUnit.Parameters } ? " parameters" : "";

    public static string Skipped(StepSkipped e) => string.Create(CultureInfo.InvariantCulture,
        $"step {e.Step}/{e.TotalSteps}: a step was skipped, a gradient was not finite ({e.InARow} in a row, {e.SkippedSteps} in all)");

    public static string Step(in StepCompleted e, double loss, string unit) => string.Create(CultureInfo.InvariantCulture,
        $"step {e.Step}/{e.TotalSteps}  {Numbers(e, loss, unit)}  {(e.SkippedSteps > 0 ? $"skipped {e.SkippedSteps}  " : "")}eta {Duration(e.Remaining)}");

    /// <summary>A loss that is not a number is one that was not read yet.</summary>
    public static string Numbers(in StepCompleted e, double loss, string unit) => string.Create(CultureInfo.InvariantCulture,
        $"loss {(double.IsNaN(loss) ? "…" : loss.ToString("0.0000", CultureInfo.InvariantCulture))}  lr {e.LearningRate:0.00e+0}  budget {e.Budget}{unit}  {e.SamplesPerSecond:0.0} ex/s{(e.DeviceBytes is { } bytes ? $"  {Bytes(bytes)}" : "")}");

    public static string Evaluated(ModelEvaluated e)
    {
        string further = string.Concat(e.Evaluation.Further.Select(f => string.Create(CultureInfo.InvariantCulture, $"  {f.Key} {f.Value:0.####}")));
        string when = e.Step == 0 ? "before training" : string.Create(CultureInfo.InvariantCulture, $"step {e.Step}");
        return string.Create(CultureInfo.InvariantCulture, $"{when}: {e.Evaluation.Metric} {e.Evaluation.Value:0.####}{further}{(e.IsBest ? "  (best)" : "")}");
    }

    public static string Finished(TrainingResult r, bool wasComplete) => string.Create(CultureInfo.InvariantCulture,
        $"{(wasComplete ? "already complete: " : "")}{(r.Interrupted ? $"interrupted at step {r.Steps} of {r.TotalSteps}" : r.StoppedEarly is { } reason ? $"stopped early at step {r.Steps} of {r.TotalSteps}, since {reason}:" : $"{r.Steps} steps")} in {Duration(TimeSpan.FromSeconds(r.Seconds))}, {r.SamplesPerSecond:0.0} ex/s, "
        + $"{r.TrainableParameters:N0} trained parameters ({100.0 * r.TrainableParameters / Math.Max(1, r.BaseParameters):0.00} % of the base){(r.SkippedSteps > 0 ? $", {r.SkippedSteps} steps skipped" : "")}{Peak(r)}");

    private static string Peak(TrainingResult r) =>
        r.PeakDeviceBytes is { } device ? $", peak of the device {Bytes(device)}"
        : r.PeakProcessBytes is { } process ? $", peak memory {Bytes(process)}"
        : "";

    public static IEnumerable<string> Places(TrainingResult r)
    {
        if (r.Steps > 0) yield return $"adapter: {r.AdapterFolder}";
        if (r.BestFolder is { } best) yield return $"best: {best}";
        if (r.Interrupted && r.Checkpoint is { } checkpoint) yield return $"checkpoint: {checkpoint} (the next start goes on from it)";
    }

    public static string DryRun(DryRunFinished e) =>
        $"dry run of {e.Result.Model} on {e.Device}: one batch of training{(e.Result.DryRun!.SecondsPerEvaluation is null ? "" : " and one of the evaluation")} worked; {Estimate(e.Result.DryRun)}; nothing was written";

    /// <summary>"600 steps of 12.3 ms and 3 evaluations of 2.1 s will take 14s, peak memory 812 MB".</summary>
    public static string Estimate(RunEstimate e)
    {
        string evaluations = e.Evaluations == 0 ? "" : $" and {e.Evaluations} evaluation{(e.Evaluations == 1 ? "" : "s")} of {(e.SecondsPerEvaluation is { } s ? Duration(TimeSpan.FromSeconds(s)) : "unknown length")}";
        string memory = e.DeviceBytes is { } device ? $", {Bytes(device)} of the device in use" : e.PeakProcessBytes is { } process ? $", peak memory {Bytes(process)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{e.Steps} steps of {e.SecondsPerStep * 1e3:0.0} ms{evaluations} will take about {Duration(TimeSpan.FromSeconds(Math.Min(e.Seconds, 1e9)))}{memory}");
    }

    public static string Duration(TimeSpan t) => t.TotalHours >= 1 ? $"{(int)t.TotalHours}h{t.Minutes:00}m" : t.TotalMinutes >= 1 ? $"{t.Minutes}m{t.Seconds:00}s" : string.Create(CultureInfo.InvariantCulture, $"{t.TotalSeconds:0.0}s");
}
