using System.Globalization;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Reports.Drawing;
using AdaLoRA.Gen.Reports.Facts;

namespace AdaLoRA.Gen.Reports.Charts;

/// <summary>Ranks as a map: a row for each kind of layer, a column for each index of the list that the layers stand in.</summary>
internal static class RankMapPicture
{
    private const double LabelSize = 11, MostLabel = 220, Gap = 2, Wanted = 640;

    /// <summary>The map with its numbers.</summary>
    /// <param name="run">Targets, and the top of the colours.</param>
    /// <param name="ranks">Living triplets of each target.</param>
    public static Picture Draw(RunFacts run, IReadOnlyList<int> ranks)
    {
        var grid = new Grid(run.Started.Targets);
        double label = Math.Min(MostLabel, grid.Rows.Max(r => TextWidth.Room(grid.Short(r), LabelSize))) + 10;
        const double Sum = 44, Edge = Picture.Inset, Top = 46;
        double width = Math.Clamp((Wanted - label - Sum - 2 * Edge) / grid.Columns.Count, 13, 44), height = grid.Rows.Count <= 30 ? 26 : grid.Rows.Count <= 80 ? 18 : 13;
        double mapWidth = width * grid.Columns.Count, mapHeight = height * grid.Rows.Count;
        // The title and the legend need their room beside a map of one column, too.
        var picture = new Picture("rank-map", "Rank map", Describe(run, ranks), Math.Max(380, Edge + label + mapWidth + Sum + Edge), Top + mapHeight + 44);
        double left = Edge + label;
        picture.Label(Edge, 20, "Rank of each adapter", Ink.Text, 13, isBold: true);
        int every = Math.Max(1, (int)Math.Ceiling(26 / width));
        for (int c = 0; c < grid.Columns.Count; c++)
        {
            if (grid.Columns[c] < 0 || c % every != 0) continue;
            picture.Label(left + (c + 0.5) * width, Top - 6, grid.Columns[c].ToString(CultureInfo.InvariantCulture), Ink.Muted, 10, Side.Centre);
        }
        picture.Label(left + mapWidth + Sum - 4, Top - 6, "Σ", Ink.Muted, 10, Side.Right);

        double number = Math.Min(12, Math.Min(height - 3, width / 1.4));
        int[] sums = new int[grid.Rows.Count];
        for (int i = 0; i < ranks.Count; i++)
        {
            var target = run.Started.Targets[i];
            var (row, column) = grid.Cells[i];
            sums[row] += ranks[i];
            var heat = Palette.Heat(ranks[i], run.MostRank);
            double x = left + column * width, y = Top + row * height;
            picture.Box(x + Gap / 2, y + Gap / 2, width - Gap, height - Gap, heat, $"{target.Path}: rank {Say.Whole(ranks[i])} of {Say.Whole(target.InitialRank)}", ranks[i] == 0 ? Ink.Faint : null);
            if (number >= 8) picture.Label(x + width / 2, y + height / 2 + number * 0.36, ranks[i].ToString(CultureInfo.InvariantCulture), Palette.On(heat), number, Side.Centre);
        }
        for (int r = 0; r < grid.Rows.Count; r++)
        {
            double y = Top + (r + 0.5) * height + 4;
            string text = TextWidth.KeepEnd(grid.Short(grid.Rows[r]), LabelSize, MostLabel / TextWidth.Wider);
            picture.Label(left - 8, y, text, Ink.Text, Math.Min(LabelSize, height - 2), Side.Right, tip: text == grid.Rows[r] ? null : grid.Rows[r]);
            picture.Label(left + mapWidth + Sum - 4, y, Say.Whole(sums[r]), Ink.Muted, Math.Min(LabelSize, height - 2), Side.Right);
        }
        Legend(picture, Edge, Top + mapHeight + 16, run.MostRank);
        return picture;
    }

    /// <summary>The map alone, small.</summary>
    public static Picture Small(RunFacts run, RanksRead read)
    {
        var grid = new Grid(run.Started.Targets);
        const double Most = 132;
        double width = Math.Clamp(Most / grid.Columns.Count, 0.5, 14), height = Math.Clamp(Most / grid.Rows.Count, 0.5, 14);
        long live = read.Ranks.Sum(r => (long)r);
        var picture = new Picture("", $"Rank map at step {Say.Whole(read.Step)}", $"{Say.Whole(live)} of {Say.Whole(run.InitialTriplets)} triplets live.", width * grid.Columns.Count, height * grid.Rows.Count);
        double gap = Math.Min(width, height) >= 6 ? 1 : 0;
        foreach (var heat in read.Ranks.Select((rank, i) => (Heat: Palette.Heat(rank, run.MostRank), grid.Cells[i])).GroupBy(c => c.Heat).OrderBy(g => g.Key))
        {
            picture.Marks.Add(new Mosaic([.. heat.Select(c => new Spot(c.Item2.Column * width, c.Item2.Row * height))], width - gap, height - gap, heat.Key));
        }
        return picture;
    }

    private static string Describe(RunFacts run, IReadOnlyList<int> ranks) =>
        $"{Say.Whole(ranks.Sum(r => (long)r))} of {Say.Whole(run.InitialTriplets)} triplets live in {Say.Count(ranks.Count, "adapter", "adapters")}; the largest rank is {Say.Whole(ranks.DefaultIfEmpty().Max())}, {Say.Count(ranks.Count(r => r == 0), "adapter has", "adapters have")} none. The table below holds every number.";

    private static void Legend(Picture picture, double x, double y, int most)
    {
        picture.Label(x, y + 11, "rank", Ink.Muted, 10);
        x += 30;
        int count = Math.Min(most, Palette.HeatSteps);
        for (int i = 0; i <= count; i++)
        {
            int rank = (int)Math.Round((double)most * i / count, MidpointRounding.AwayFromZero);
            string text = rank.ToString(CultureInfo.InvariantCulture);
            double width = Math.Max(20, TextWidth.Of(text, 10) + 8);
            var heat = Palette.Heat(rank, most);
            picture.Box(x, y, width, 15, heat, stroke: rank == 0 ? Ink.Faint : null);
            picture.Label(x + width / 2, y + 11, text, Palette.On(heat), 10, Side.Centre);
            x += width + 1;
        }
    }

    /// <summary>Where each target stands.</summary>
    private sealed class Grid
    {
        private readonly int _shared;

        public Grid(IReadOnlyList<RunTarget> targets)
        {
            Rows = [.. targets.Select(t => t.Kind).Distinct()];
            Columns = [.. targets.Select(t => t.Index).Distinct().Order()];
            var rows = Rows.Select((kind, i) => (kind, i)).ToDictionary(r => r.kind, r => r.i);
            var columns = Columns.Select((index, i) => (index, i)).ToDictionary(c => c.index, c => c.i);
            Cells = [.. targets.Select(t => (rows[t.Kind], columns[t.Index]))];
            _shared = Shared(Rows);
        }

        public IReadOnlyList<string> Rows { get; }

        public IReadOnlyList<int> Columns { get; }

        public IReadOnlyList<(int Row, int Column)> Cells { get; }

        /// <summary>A kind without what all kinds begin with.</summary>
        public string Short(string kind) => kind[_shared..];

        // Whole segments, and never all of a kind.
        private static int Shared(IReadOnlyList<string> kinds)
        {
            if (kinds.Count < 2) return 0;
            int length = kinds.Min(k => k.Length), same = 0;
            while (same < length && kinds.All(k => k[same] == kinds[0][same])) same++;
            return same == 0 ? 0 : kinds[0].LastIndexOf('.', same - 1) + 1;
        }
    }
}
