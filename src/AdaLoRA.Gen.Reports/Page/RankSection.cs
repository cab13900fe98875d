using AdaLoRA.Gen.Reports.Charts;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>Where the budget went: the final map, how it came about, the importances behind it, and every number as a table.</summary>
internal static class RankSection
{
    private const int Moments = 8;

    public static Html Write(RunFacts run, Picture? map, Picture? spectrum)
    {
        if (map is null) return Html.Empty;
        var moments = run.RanksOverTime(Moments);
        return ReportPage.Section("ranks", "Ranks",
        [
            Html.Of($"<div class=\"side\">\n<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Rank map, may be scrolled\">\n{ReportPage.Figure(map)}</div>\n{(spectrum is null ? Html.Empty : ReportPage.Figure(spectrum))}</div>\n"),
            moments.Count > 1 ? Html.Of($"<h3>Over time</h3>\n<div class=\"moments\">\n{moments.Select(m => Moment(run, m))}</div>\n") : Html.Empty,
            Table(run),
        ]);
    }

    private static Html Moment(RunFacts run, Hosting.RanksRead read) => Html.Of($"""
        <figure>
        {new Html(SvgWriter.Inline(RankMapPicture.Small(run, read)))}
        <figcaption>step {Say.Whole(read.Step)}<br>{Say.Whole(read.Ranks.Sum(r => (long)r))} live</figcaption>
        </figure>

        """);

    private static Html Table(RunFacts run)
    {
        var rows = run.Started.Targets.Zip(run.FinalRanks, (target, rank) =>
            Html.Of($"<tr><th scope=\"row\">{target.Path}</th><td>{Say.Whole(target.InFeatures)} → {Say.Whole(target.OutFeatures)}</td><td>{target.InitialRank}</td><td>{rank}</td></tr>\n"));
        return Html.Of($"""
            <details>
            <summary>All {Say.Count(run.Started.Targets.Count, "adapter", "adapters")} as a table</summary>
            <div class="scroll" tabindex="0" role="group" aria-label="Adapters, may be scrolled">
            <table class="numbers">
            <thead><tr><th scope="col">adapter</th><th scope="col">in → out</th><th scope="col">rank at the start</th><th scope="col">final rank</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            </div>
            </details>

            """);
    }
}
