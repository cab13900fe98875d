using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>The importances of all triplets, largest first, at the first ranking and at the last: the steeper, the more clearly the budget knows what to keep.</summary>
internal static class SpectrumPicture
{
    /// <summary>Draws it; null when nothing was ever ranked.</summary>
    public static Picture? Draw(RunFacts run)
    {
        var ranked = run.Ranks.Where(r => r.Importances is { Count: > 1 }).ToList();
        if (ranked.Count == 0) return null;
        var (first, last) = (ranked[0], ranked[^1]);
        var now = Readings(last);
        if (now.Count == 0) return null;
        var series = new List<Series>();
        if (first.Step < last.Step) series.Add(new Series($"step {Say.Whole(first.Step)}", Ink.Second, Readings(first)) { Width = 1.25, IsDashed = true });
        series.Add(new Series($"step {Say.Whole(last.Step)}", Ink.First, now) { Width = 2 });
        return new LineChart
        {
            Name = "importance",
            Title = "Importance of the triplets",
            Description = $"Sorted, largest first, at step {Say.Whole(last.Step)}: from {Say.Number(now[0].Y)} to {Say.Number(now[^1].Y)}; the one in the middle has {Say.Number(now[now.Count / 2].Y)}.",
            Series = series,
            Span = (0, 100),
            Axis = "% of triplets",
            MayBeLogarithmic = true,
            FromZero = true,
        }.Draw();
    }

    // What a removed triplet has left, 0, has no place among ratios.
    private static List<Reading> Readings(RanksRead read) =>
        [.. read.Importances!.Select((value, i) => new Reading(100.0 * i / (read.Importances!.Count - 1), value)).Where(r => double.IsFinite(r.Y) && r.Y > 0)];
}
