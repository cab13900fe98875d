using System.Globalization;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Runs;

/// <summary>Runs as a person reads them.</summary>
internal static class RunsText
{
    public static void Write(RunsReport report, Terminal terminal)
    {
        var grid = new Grid(null, "run", "name", "state", "step", "loss", "metric", "triplets", "took", "log") { LeftAligned = [0, 1, 2, 8] };
        foreach (var run in report.Runs)
        {
            grid.Add(
                run.Run, run.Name, run.State, Invariant($"{run.Step}/{run.TotalSteps}"), run.Loss is { } loss ? Invariant($"{loss:0.0000}") : "", run.Metric is null ? "" : Invariant($"{run.Metric} {run.Value:0.####}"),
                Invariant($"{run.Triplets}/{run.InitialTriplets}"), Took(run.Last - run.Started), Path.GetRelativePath(Environment.CurrentDirectory, run.Log));
        }
        grid.Write(terminal);
        foreach (var failed in report.Runs.Where(r => r.Reason is not null)) terminal.Out.WriteLine($"{failed.Run}: {failed.Reason}");
        foreach (string sentence in report.Skipped) terminal.Error.WriteLine(sentence);
    }

    private static string Took(TimeSpan t) => t.TotalHours >= 1 ? Invariant($"{(int)t.TotalHours}h{t.Minutes:00}m") : t.TotalMinutes >= 1 ? Invariant($"{t.Minutes}m{t.Seconds:00}s") : Invariant($"{t.TotalSeconds:0.0}s");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
