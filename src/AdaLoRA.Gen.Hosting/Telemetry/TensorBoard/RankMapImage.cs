using System.Globalization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The ranks as a picture: one row a kind of layer, one column an index of the list they stand in, as in <see cref="RankMap"/>. Dark blue is one triplet, yellow as many as the largest adapter began with; the colours (cividis) rise in
/// lightness alone, so they read the same to colour-blind eyes. An adapter without triplets is a hollow frame, a place without an adapter is transparent.
/// </summary>
internal sealed class RankMapImage
{
    private const int Longest = 512, SmallestCell = 4, LargestCell = 24;
    private static readonly (byte, byte, byte) Frame = (120, 120, 120);

    private static readonly (byte R, byte G, byte B)[] Cividis =
    [
        (0x00, 0x22, 0x4E), (0x12, 0x35, 0x70), (0x3B, 0x49, 0x6C), (0x57, 0x5D, 0x6D), (0x70, 0x71, 0x73),
        (0x8A, 0x86, 0x78), (0xA5, 0x9C, 0x74), (0xC3, 0xB3, 0x69), (0xE1, 0xCC, 0x55), (0xFE, 0xE8, 0x38),
    ];

    private readonly (int Row, int Column)[] _cells;
    private readonly int _columns;
    private readonly int _most;

    /// <summary>Lays out the map.</summary>
    /// <param name="targets">The adapters in the order of the ranks.</param>
    public RankMapImage(IReadOnlyList<RunTarget> targets)
    {
        Rows = [.. targets.Select(t => t.Kind).Distinct()];
        // −1, "no index", sorts first and so gets a column of its own before the others.
        int[] columns = [.. targets.Select(t => t.Index).Distinct().Order()];
        string[] rows = [.. Rows];
        _cells = [.. targets.Select(t => (Array.IndexOf(rows, t.Kind), Array.IndexOf(columns, t.Index)))];
        _columns = columns.Length;
        _most = targets.Count == 0 ? 0 : targets.Max(t => t.InitialRank);
        Description = $"Triplets of each adapter, 0 (hollow) to {_most} (yellow). Rows from the top: {string.Join(", ", Rows.Select(r => $"`{r}`"))}. Columns from the left: layers {string.Join(", ", columns.Select(c => c < 0 ? "without a number" : Invariant(c)))}.";
        Cell = Math.Clamp(Longest / Math.Max(1, Math.Max(_columns, Rows.Count)), SmallestCell, LargestCell);
    }

    /// <summary>The kinds of layers from the top.</summary>
    public IReadOnlyList<string> Rows { get; }

    /// <summary>Pixels of a cell's side, the gap of one pixel to the next included.</summary>
    public int Cell { get; }

    /// <summary>What is seen, in Markdown.</summary>
    public string Description { get; }

    /// <summary>Draws one moment; null when there are no adapters.</summary>
    /// <param name="ranks">One for each target.</param>
    public PngImage? Draw(IReadOnlyList<int> ranks)
    {
        if (_cells.Length == 0 || ranks.Count != _cells.Length) return null;
        var image = new PngImage(_columns * Cell, Rows.Count * Cell);
        for (int i = 0; i < _cells.Length; i++)
        {
            var (row, column) = _cells[i];
            (int x, int y, int side) = (column * Cell, row * Cell, Cell - 1);
            if (ranks[i] > 0)
            {
                image.Fill(x, y, side, side, Colour(_most > 1 ? (ranks[i] - 1.0) / (_most - 1) : 1));
                continue;
            }
            image.Fill(x, y, side, 1, Frame);
            image.Fill(x, y + side - 1, side, 1, Frame);
            image.Fill(x, y, 1, side, Frame);
            image.Fill(x + side - 1, y, 1, side, Frame);
        }
        return image;
    }

    /// <summary>The colour between dark blue (0) and yellow (1).</summary>
    internal static (byte R, byte G, byte B) Colour(double place)
    {
        double at = Math.Clamp(place, 0, 1) * (Cividis.Length - 1);
        int low = Math.Min((int)at, Cividis.Length - 2);
        var (a, b) = (Cividis[low], Cividis[low + 1]);
        byte Mix(byte from, byte to) => (byte)Math.Round(from + (to - from) * (at - low));
        return (Mix(a.R, b.R), Mix(a.G, b.G), Mix(a.B, b.B));
    }

    private static string Invariant(int value) => value.ToString(CultureInfo.InvariantCulture);
}
