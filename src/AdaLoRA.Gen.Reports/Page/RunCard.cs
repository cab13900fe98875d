using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>What somebody needs to judge the run and to make it again.</summary>
internal static class RunCard
{
    public static Html Write(RunFacts run)
    {
        var started = run.Started;
        var changed = Settings.Changed(started);
        var unchanged = Settings.Unchanged(started);
        return ReportPage.Section("card", "Run card",
        [
            Group("Model", Model(run)),
            Group("Task and data", started.Card.Select(c => (c.Key, c.Value))),
            Group("Run", Run(run)),
            Group("Versions", started.Versions.Select(v => (v.Key, v.Value))),
            changed.Count == 0 ? Html.Empty : Html.Of($"""
                <div class="group options"><h3>Options that differ from their defaults</h3>
                <div class="scroll" tabindex="0" role="group" aria-label="Options, may be scrolled">
                <table>
                <thead><tr><th scope="col">option</th><th scope="col">value</th><th scope="col">default</th></tr></thead>
                <tbody>
                {changed.Select(c => Html.Of($"<tr><th scope=\"row\">{c.Name}</th><td>{Value(c.Value)}</td><td>{Value(c.Default)}</td></tr>\n"))}</tbody>
                </table>
                </div></div>

                """),
            unchanged.Count == 0 ? Html.Empty : Html.Of($"<details>\n<summary>The other {Say.Count(unchanged.Count, "option", "options")}, as they are by default</summary>\n<dl class=\"pairs\">\n{unchanged.Select(u => Pair(u.Name, u.Value))}</dl>\n</details>\n"),
            Html.Of($"<div class=\"group options\"><h3>To run it again</h3>\n<p>In the app's configuration (<code>appsettings.json</code>):</p>\n<pre tabindex=\"0\"><code>{Settings.Configuration(started)}</code></pre></div>\n"),
        ]);
    }

    private static IEnumerable<(string, string)> Model(RunFacts run)
    {
        var started = run.Started;
        yield return ("model", started.Model);
        if (run.Ended?.Result?.BaseParameters is { } parameters) yield return ("parameters of the base", Say.Whole(parameters));
        yield return ("trained at the start", Say.Whole(started.TrainedParameters));
        if (run.Ended?.Result?.TrainableParameters is { } trained) yield return ("trained at the end", Say.Whole(trained));
        yield return ("adapters", Say.Whole(started.Targets.Count));
        yield return ("triplets", $"{Say.Whole(run.InitialTriplets)} at the start, {Say.Whole(run.LiveTriplets)} live at the end");
        yield return ("budget", started.Budget is not { } b ? "none: plain LoRA"
            : $"{Say.Whole(b.Initial)} to {Say.Whole(b.Final)} {b.Unit}, full up to step {Say.Whole(b.InitialWarmup)}, fixed for the last {Say.Whole(b.FinalWarmup)}, allocated every {(b.Interval == 1 ? "step" : $"{Say.Whole(b.Interval)} steps")}");
    }

    private static IEnumerable<(string, string)> Run(RunFacts run)
    {
        var started = run.Started;
        yield return ("run", started.Run);
        yield return ("seed", started.Options.GetValueOrDefault("Seed", "?"));
        yield return ("steps", $"{Say.Whole(run.Steps)} of {Say.Whole(started.TotalSteps)}, {Say.Count(started.BatchesPerEpoch, "batch", "batches")} in an epoch");
        yield return ("device", started.Device);
        yield return ("threads", Say.Whole(started.Threads));
        if (run.SkippedSteps > 0) yield return ("skipped steps", Say.Whole(run.SkippedSteps));
        if (run.Resumes.Count > 0) yield return ("resumed", "at step " + string.Join(", ", run.Resumes.Select(r => Say.Whole(r))));
        if (run.PeakProcessBytes is { } process) yield return ("peak memory", Say.Bytes(process));
        if (run.PeakDeviceBytes is { } device) yield return ("peak device memory", Say.Bytes(device));
        yield return ("folder", started.OutputFolder);
        if (run.Ended?.Result?.BestFolder is { } best) yield return ("best adapter", best);
    }

    private static Html Group(string heading, IEnumerable<(string Name, string Value)> pairs)
    {
        var inside = Html.Join(pairs.Select(p => Pair(p.Name, p.Value)));
        return inside.Text.Length == 0 ? Html.Empty : Html.Of($"<div class=\"group\"><h3>{heading}</h3>\n<dl class=\"pairs\">\n{inside}</dl></div>\n");
    }

    private static Html Pair(string name, string value) => Html.Of($"<div><dt>{name}</dt><dd>{Value(value)}</dd></div>\n");

    private static Html Value(string value) => value.Length == 0 ? Html.Of($"<span class=\"more\">not set</span>") : Html.Of($"{value}");
}
