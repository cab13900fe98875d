namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>
/// How wide a text is, without a font at hand: the advances of Inter Regular for ASCII, an em for what lies beyond Latin, Greek and Cyrillic. A browser may show an SVG in another font: where a text must not be cut, <see cref="Room"/> of it.
/// </summary>
internal static class TextWidth
{
    /// <summary>How much wider than Inter other fonts run at most.</summary>
    public const double Wider = 1.18;

    private const int Wide = 1000, Usual = 640;

    // Thousandths of an em, from ' ' to '~'.
    private static readonly short[] Advances =
    [
        281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 501, 662, 288, 460, 288, 360, 631, 407, 610, 618, 646, 593, 620, 566, 619, 620, 288, 302, 662, 662, 662, 511,
        966, 690, 654, 730, 722, 601, 590, 746, 743, 269, 571, 672, 565, 903, 753, 765, 639, 765, 644, 642, 646, 744, 690, 985, 682, 679, 629, 365, 360, 365, 471, 456,
        323, 562, 612, 571, 612, 583, 370, 613, 591, 242, 242, 549, 242, 876, 591, 600, 612, 612, 376, 528, 327, 591, 562, 818, 546, 562, 552, 426, 333, 426, 662,
    ];

    /// <summary>Width to leave for a text, in fonts that run wider (DejaVu Sans does by a sixth), too.</summary>
    public static double Room(string text, double size) => Wider * Of(text, size);

    /// <summary>Width in pixels.</summary>
    /// <param name="text">One line.</param>
    /// <param name="size">Pixels of an em.</param>
    public static double Of(string text, double size)
    {
        long sum = 0;
        foreach (var rune in text.EnumerateRunes()) sum += Advance(rune.Value);
        return sum * size / 1000;
    }

    /// <summary>Cuts a text from its start, where module paths are alike, until it is narrow enough.</summary>
    public static string KeepEnd(string text, double size, double width)
    {
        if (Of(text, size) <= width) return text;
        double left = width - Of("…", size);
        int start = text.Length;
        while (start > 0)
        {
            int before = start > 1 && char.IsLowSurrogate(text[start - 1]) ? start - 2 : start - 1;
            left -= Of(text[before..start], size);
            if (left < 0) break;
            start = before;
        }
        return "…" + text[start..];
    }

    private static int Advance(int rune) => rune is >= ' ' and <= '~' ? Advances[rune - ' '] : rune < 0x530 || rune is >= 0x2010 and < 0x2300 ? Usual : Wide;
}
