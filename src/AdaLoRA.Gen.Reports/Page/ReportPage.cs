using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Charts;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>The report as one page that needs nothing else: no network, no script, pictures inline.</summary>
internal static class ReportPage
{
    private static readonly Lazy<string> Css = new(() =>
    {
        using var stream = typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return Palette.Css(":root") + reader.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal);
    });

    /// <summary>Writes the page.</summary>
    /// <param name="run">What happened.</param>
    /// <param name="curves">Pictures over the steps.</param>
    /// <param name="map">The final ranks; null without targets.</param>
    /// <param name="spectrum">Importances; null when nothing was ranked.</param>
    public static string Write(RunFacts run, IReadOnlyList<Picture> curves, Picture? map, Picture? spectrum)
    {
        var started = run.Started;
        return Html.Of($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="AdaLoRA.Gen.Reports">
            <title>{started.Name} · {started.Run} · {Outcome.Word(run)}</title>
            <style>
            {new Html(Css.Value)}</style>
            </head>
            <body>
            <header>
            <p class="kind">AdaLoRA run</p>
            <h1>{started.Name}</h1>
            <p class="outcome {Outcome.Class(run)}"><strong>{Outcome.Word(run)}</strong> {Outcome.Sentence(run)}</p>
            <p class="when">{When(run)}</p>
            </header>
            <main>
            {KeyFigures.Write(run)}
            {Section("curves", "Curves", curves.Select(Figure))}
            {RankSection.Write(run, map, spectrum)}
            {EvaluationTable.Write(run)}
            {EventTable.Write(run)}
            {RunCard.Write(run)}
            </main>
            <footer>
            <p>Written by AdaLoRA.Gen.Reports from the run's log. AdaLoRA: Zhang et al., <cite>Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning</cite>, <a href="https://arxiv.org/abs/2303.10512" rel="noreferrer">arXiv 2303.10512</a>.</p>
            </footer>
            </body>
            </html>

            """).Text.Replace("\r\n", "\n", StringComparison.Ordinal);
    }

    /// <summary>A part of the page with its heading; nothing when it would be empty.</summary>
    internal static Html Section(string id, string heading, IEnumerable<Html> content)
    {
        var inside = Html.Join(content);
        return inside.Text.Length == 0 ? Html.Empty : Html.Of($"<section id=\"{id}\" aria-labelledby=\"{id}-heading\">\n<h2 id=\"{id}-heading\">{heading}</h2>\n<div class=\"{id}\">\n{inside}</div>\n</section>\n");
    }

    internal static Html Figure(Picture picture) => Html.Of($"<figure>\n{new Html(SvgWriter.Inline(picture, Picture.Inset))}\n</figure>\n");

    /// <summary>A number as people read it, with the exact one for machines.</summary>
    internal static Html Number(double value) => double.IsFinite(value) ? Html.Of($"<data value=\"{Say.Exact(value)}\">{Say.Number(value)}</data>") : Html.Of($"{Say.Number(value)}");

    internal static Html Whole(long value) => Html.Of($"<data value=\"{Say.Exact(value)}\">{Say.Whole(value)}</data>");

    private static Html When(RunFacts run)
    {
        var (from, to) = (run.Starts[0].Time, run.Events[^1].Time);
        string machine = run.Started.Device.StartsWith("cpu", StringComparison.Ordinal) ? $"{run.Started.Device}, {Say.Count(run.Started.Threads, "thread", "threads")}" : run.Started.Device;
        return Html.Of($"Run {run.Started.Run} · <time datetime=\"{from.UtcDateTime.ToString("O")}\">{Say.Time(from)}</time> to <time datetime=\"{to.UtcDateTime.ToString("O")}\">{Say.Time(to)}</time> · {machine}");
    }
}
