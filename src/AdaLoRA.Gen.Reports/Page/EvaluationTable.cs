using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Page;

/// <summary>Every evaluation with all its numbers.</summary>
internal static class EvaluationTable
{
    public static Html Write(RunFacts run)
    {
        if (run.Evaluations.Count == 0) return Html.Empty;
        var metrics = run.Evaluations.Select(e => e.Metric).Distinct().ToList();
        var further = run.Evaluations.SelectMany(e => e.Further.Keys).Distinct().ToList();
        var best = run.BestEvaluation;
        var rows = run.Evaluations.Select(e => Html.Of($"""
            <tr{(e == best ? new Html(" class=\"best\"") : Html.Empty)}><th scope="row">{Say.Whole(e.Step)}{(e == best ? " (best)" : "")}</th>{metrics.Select(m => Cell(m == e.Metric ? e.Value : null))}{further.Select(f => Cell(e.Further.TryGetValue(f, out double value) ? value : null))}<td>{Say.Duration(e.Seconds)}</td></tr>

            """));
        return ReportPage.Section("evaluations", "Evaluations",
        [
            Html.Of($"""
            <div class="scroll" tabindex="0" role="group" aria-label="Evaluations, may be scrolled">
            <table class="numbers">
            <thead><tr><th scope="col">step</th>{metrics.Concat(further).Select(m => Html.Of($"<th scope=\"col\">{m}</th>"))}<th scope="col">took</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            </div>

            """),
        ]);
    }

    private static Html Cell(double? value) => Html.Of($"<td>{(value is { } v ? ReportPage.Number(v) : Html.Empty)}</td>");
}
