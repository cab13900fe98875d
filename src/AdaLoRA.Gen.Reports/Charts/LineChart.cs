using System.Globalization;
using AdaLoRA.Gen.Reports.Drawing;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>Curves over the steps of a run. Narrow, so that its text stays readable when a phone shows it at the width of its screen.</summary>
internal sealed class LineChart
{
    private const double Width = 440, Height = 246, Top = 50, Bottom = 34, Right = 14, Size = 11;

    // More spots than the paper has pixels: each column keeps its lowest and highest.
    private const int MostSpots = 800;

    /// <summary>File name without extension.</summary>
    public required string Name { get; init; }

    /// <summary>What is shown, its unit included.</summary>
    public required string Title { get; init; }

    /// <summary>The same in numbers.</summary>
    public required string Description { get; init; }

    /// <summary>From back to front.</summary>
    public required IReadOnlyList<Series> Series { get; init; }

    /// <summary>First and last place of the horizontal axis.</summary>
    public required (double From, double To) Span { get; init; }

    /// <summary>What the horizontal axis counts.</summary>
    public string Axis { get; init; } = "step";

    /// <summary>Steps at which a resumed run went on.</summary>
    public IReadOnlyList<int> Resumes { get; init; } = [];

    /// <summary>A reading to point out.</summary>
    public (Reading Reading, string Text)? Best { get; init; }

    /// <summary>Whether zero must be in sight.</summary>
    public bool FromZero { get; init; }

    /// <summary>Whether positive values that differ a hundredfold are shown by their ratios.</summary>
    public bool MayBeLogarithmic { get; init; }

    /// <summary>Draws it.</summary>
    public Picture Draw()
    {
        var picture = new Picture(Name, Title, Description, Width, Height);
        var heights = Series.SelectMany(s => s.Readings).Select(r => r.Y);
        var y = Scale.Of(heights, Height - Bottom, Top, FromZero, MayBeLogarithmic);
        var ticks = y.Ticks(5);
        double left = Picture.Inset + Math.Max(22, ticks.Select(t => TextWidth.Room(t.Text, Size)).DefaultIfEmpty().Max() + 6);
        var x = Scale.Exact(Span.From, Span.To, left, Width - Right);

        foreach (var (value, text) in ticks)
        {
            picture.Line(left, y.At(value), Width - Right, y.At(value), Ink.Faint);
            picture.Label(left - 6, y.At(value) + 4, text, Ink.Muted, Size, Side.Right);
        }
        // At the right end stands what the numbers count, and how far.
        string end = Axis == "step" ? $"step {Facts.Say.Whole((long)Span.To)}" : Axis;
        double room = Width - Right - TextWidth.Room(end, Size) - 8;
        foreach (var (value, text) in x.Ticks(6, isWhole: Axis == "step"))
        {
            if (x.At(value) + TextWidth.Of(text, Size) / 2 < room) picture.Label(x.At(value), Height - Bottom + 16, text, Ink.Muted, Size, Side.Centre);
        }
        picture.Label(Width - Right, Height - Bottom + 16, end, Ink.Muted, Size, Side.Right);
        picture.Line(left, Height - Bottom, Width - Right, Height - Bottom, Ink.Muted);
        picture.Label(Picture.Inset, 20, y.IsLogarithmic ? $"{Title} (logarithmic)" : Title, Ink.Text, 13, isBold: true);

        foreach (int step in Resumes)
        {
            picture.Line(x.At(step), Top, x.At(step), Height - Bottom, Ink.Muted, isDashed: true);
            bool isRight = x.At(step) > Width / 2;
            picture.Label(x.At(step) + (isRight ? -4 : 4), Top + 9, "resumed", Ink.Muted, 10, isRight ? Side.Right : Side.Left, tip: string.Create(CultureInfo.InvariantCulture, $"resumed at step {step}"));
        }
        foreach (var series in Series) Draw(picture, series, x, y);
        if (Best is { } best && double.IsFinite(best.Reading.Y)) picture.Dot(x.At(best.Reading.X), y.At(best.Reading.Y), 4.5, Ink.Second, best.Text);
        Legend(picture, left);
        return picture;
    }

    private static void Draw(Picture picture, Series series, Scale x, Scale y)
    {
        var run = new List<Spot>();
        foreach (var reading in series.Readings)
        {
            if (!double.IsFinite(reading.Y))
            {
                Join();
                // At the upper edge, where a loss that went through the roof is looked for.
                picture.Dot(x.At(reading.X), Top, 2.5, Ink.Alert, string.Create(CultureInfo.InvariantCulture, $"step {reading.X}: {Facts.Say.Number(reading.Y)}"));
                continue;
            }
            var spot = new Spot(x.At(reading.X), y.At(reading.Y));
            if (series.Shape == Shape.Stairs && run.Count > 0) run.Add(spot with { Y = run[^1].Y });
            run.Add(spot);
        }
        Join();
        if (series.Shape != Shape.Dots) return;
        foreach (var r in series.Readings.Where(r => double.IsFinite(r.Y)))
        {
            picture.Dot(x.At(r.X), y.At(r.Y), 2.5, series.Ink, string.Create(CultureInfo.InvariantCulture, $"step {r.X}: {Facts.Say.Number(r.Y)}"));
        }

        void Join()
        {
            if (run.Count == 1 && series.Shape != Shape.Dots) picture.Dot(run[0].X, run[0].Y, 2, series.Ink);
            if (run.Count > 1) picture.Curve(Thin(run), series.Ink, series.Width, series.IsDashed, series.Opacity);
            run.Clear();
        }
    }

    private static List<Spot> Thin(List<Spot> spots)
    {
        if (spots.Count <= MostSpots) return [.. spots];
        var thin = new List<Spot>();
        int columns = MostSpots / 2;
        for (int c = 0; c < columns; c++)
        {
            int from = (int)((long)c * spots.Count / columns), to = (int)((long)(c + 1) * spots.Count / columns);
            int low = from, high = from;
            for (int i = from; i < to; i++)
            {
                if (spots[i].Y < spots[low].Y) low = i;
                if (spots[i].Y > spots[high].Y) high = i;
            }
            thin.Add(spots[Math.Min(low, high)]);
            if (low != high) thin.Add(spots[Math.Max(low, high)]);
        }
        if (thin[^1] != spots[^1]) thin.Add(spots[^1]);
        return thin;
    }

    private void Legend(Picture picture, double left)
    {
        double at = left;
        foreach (var series in Series.Where(s => Series.Count > 1 && s.Name.Length > 0))
        {
            picture.Curve([new(at, 34), new(at + 14, 34)], series.Ink, series.Width, series.IsDashed, series.Opacity);
            picture.Label(at + 18, 38, series.Name, Ink.Muted, Size);
            at += 18 + TextWidth.Room(series.Name, Size) + 14;
        }
        if (Best is not { } best) return;
        picture.Dot(at + 5, 34, 4, Ink.Second);
        picture.Label(at + 14, 38, best.Text, Ink.Muted, Size);
    }
}
