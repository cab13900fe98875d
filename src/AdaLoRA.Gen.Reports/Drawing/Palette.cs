using System.Globalization;
using System.Text;

namespace AdaLoRA.Gen.Reports.Drawing;

/// <summary>The colours, as #rrggbb, on light and on dark paper. Text has a contrast of 4.5 to what it stands on, a curve one of 3 (WCAG 2.2, AA); a test measures it.</summary>
internal static class Palette
{
    private static readonly (Ink Ink, string Light, string Dark)[] Colours =
    [
        (Ink.Surface, "#ffffff", "#15181d"),
        (Ink.Text, "#1b1f24", "#e6e9ed"),
        (Ink.Muted, "#57606a", "#9aa4af"),
        (Ink.Faint, "#e2e6ea", "#2b3139"),
        (Ink.First, "#1f5fbf", "#6aa7f8"),
        (Ink.Second, "#b4540a", "#f0975a"),
        (Ink.Alert, "#b42318", "#ff7b72"),
        (Ink.Heat0, "#f6f7f9", "#1b1f25"),
        (Ink.Heat1, "#e3edf9", "#1a2b40"),
        (Ink.Heat2, "#c9ddf3", "#1f3a5a"),
        (Ink.Heat3, "#a6c8eb", "#254b77"),
        (Ink.Heat4, "#7db0e2", "#2c5a8e"),
        (Ink.Heat5, "#5596d6", "#3466a0"),
        (Ink.Heat6, "#2d74bd", "#5f97d1"),
        (Ink.Heat7, "#1f5fa8", "#8ab6e4"),
        (Ink.Heat8, "#134685", "#bcd8f4"),
        (Ink.OnLow, "#1b1f24", "#e6e9ed"),
        (Ink.OnHigh, "#ffffff", "#0d1117"),
    ];

    /// <summary>Steps of the heat above <see cref="Ink.Heat0"/>.</summary>
    public const int HeatSteps = 8;

    public static string Light(Ink ink) => Colours[(int)ink].Light;

    public static string Dark(Ink ink) => Colours[(int)ink].Dark;

    /// <summary>Name of an ink in style sheets: <c>--heat1</c>, and the classes <c>f-heat1</c> (fill) and <c>s-heat1</c> (stroke).</summary>
    public static string Name(Ink ink) => ink.ToString().ToLowerInvariant();

    /// <summary>The heat of a rank: none for 0, else spread over the eight steps between 1 and the largest.</summary>
    /// <param name="rank">Living triplets.</param>
    /// <param name="most">The largest rank of the whole run, at least 1.</param>
    public static Ink Heat(int rank, int most)
    {
        if (rank <= 0) return Ink.Heat0;
        int step = most <= 1 ? HeatSteps : 1 + (int)Math.Round((Math.Min(rank, most) - 1) * (HeatSteps - 1.0) / (most - 1), MidpointRounding.AwayFromZero);
        return Ink.Heat0 + step;
    }

    /// <summary>What text on a heat is written in.</summary>
    public static Ink On(Ink heat) => heat <= Ink.Heat5 ? Ink.OnLow : Ink.OnHigh;

    /// <summary>Custom properties for <c>:root</c>, the dark ones behind the reader's preference, and the classes that use them.</summary>
    /// <param name="root">Selector that carries the properties.</param>
    public static string Css(string root)
    {
        var css = new StringBuilder();
        css.Append(CultureInfo.InvariantCulture, $"{root}{{{Properties(c => c.Light)}}}\n");
        css.Append(CultureInfo.InvariantCulture, $"@media screen and (prefers-color-scheme:dark){{{root}{{{Properties(c => c.Dark)}}}}}\n");
        foreach (var (ink, _, _) in Colours) css.Append(CultureInfo.InvariantCulture, $".f-{Name(ink)}{{fill:var(--{Name(ink)})}}.s-{Name(ink)}{{stroke:var(--{Name(ink)})}}");
        return css.Append('\n').ToString();
    }

    private static string Properties(Func<(Ink Ink, string Light, string Dark), string> colour) => string.Concat(Colours.Select(c => $"--{Name(c.Ink)}:{colour(c)};"));
}
