using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>What one looks for first.</summary>
internal static class KeyFigures
{
    public static Html Write(RunFacts run)
    {
        var figures = new List<Html>();
        if (run.LastEvaluation is { } last)
        {
            bool isFinal = run.Ended?.Result?.Final is not null;
            figures.Add(Figure(isFinal ? $"final {last.Metric}" : $"{last.Metric} at step {Say.Whole(last.Step)}", ReportPage.Number(last.Value), Start(run)));
        }
        if (run.BestEvaluation is { } best) figures.Add(Figure($"best {best.Metric}", ReportPage.Number(best.Value), $"at step {Say.Whole(best.Step)}"));
        if (run.LastLoss is { } loss) figures.Add(Figure("last training loss", ReportPage.Number(loss), run.SkippedSteps > 0 ? Say.Count(run.SkippedSteps, "step skipped", "steps skipped") : ""));
        figures.Add(Figure("steps", ReportPage.Whole(run.Steps), $"of {Say.Whole(run.Started.TotalSteps)}"));
        figures.Add(run.StepSeconds is { } seconds
            ? Figure("time in steps", Html.Of($"{Say.Duration(seconds)}"), $"{Say.Duration(run.WallSeconds)} with evaluations")
            : Figure("time", Html.Of($"{Say.Duration(run.WallSeconds)}"), ""));
        if (run.SamplesPerSecond is { } speed) figures.Add(Figure("examples per second", ReportPage.Number(speed), ""));
        long all = run.Ended?.Result?.BaseParameters ?? 0;
        figures.Add(Figure("trained parameters", ReportPage.Whole(run.TrainedParameters), all > 0 ? $"{Say.Percent(run.TrainedParameters, all)} of the base" : run.Ended?.Result is null ? "at the start" : ""));
        figures.Add(Figure("live triplets", ReportPage.Whole(run.LiveTriplets), $"of {Say.Whole(run.InitialTriplets)} at the start"));
        if (run.PeakDeviceBytes is { } device) figures.Add(Figure("peak device memory", Html.Of($"{Say.Bytes(device)}"), ""));
        else if (run.PeakProcessBytes is { } process) figures.Add(Figure("peak memory", Html.Of($"{Say.Bytes(process)}"), ""));
        return Html.Of($"<section aria-label=\"Key figures\">\n<dl class=\"figures\">\n{figures}</dl>\n</section>\n");
    }

    private static string Start(RunFacts run) => run.Evaluations[0] is { Step: 0 } before && run.Evaluations.Count > 1 ? $"before training {Say.Number(before.Value)}" : "";

    private static Html Figure(string name, Html value, string more) =>
        Html.Of($"<div><dt>{name}</dt><dd>{value}</dd>{(more.Length == 0 ? Html.Empty : Html.Of($"<dd class=\"more\">{more}</dd>"))}</div>\n");
}
