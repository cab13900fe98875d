using System.Globalization;

namespace AdaLoRA.Gen.Reports.Facts;

/// <summary>Numbers and times in words, the same on every machine.</summary>
internal static class Say
{
    /// <summary>Up to five significant digits.</summary>
    public static string Number(double value)
    {
        if (double.IsNaN(value)) return "not a number";
        if (double.IsInfinity(value)) return value > 0 ? "∞" : "−∞";
        double size = Math.Abs(value);
        if (size == 0) return "0";
        if (size is < 1e-3 or >= 1e7) return Minus(value.ToString("0.###e+0", CultureInfo.InvariantCulture));
        string format = size >= 1000 ? "#,0.#" : size >= 10 ? "0.##" : "0.####";
        return Minus(value.ToString(format, CultureInfo.InvariantCulture));
    }

    /// <summary>Every digit, for machines.</summary>
    public static string Exact(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Whole(long value) => Minus(value.ToString("#,0", CultureInfo.InvariantCulture));

    public static string Percent(double part, double whole) => whole == 0 ? "" : (100 * part / whole).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    public static string Bytes(long bytes) => bytes >= 1e9
        ? (bytes / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " GB"
        : (bytes / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + " MB";

    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0 || seconds > TimeSpan.MaxValue.TotalSeconds / 2) return "?";
        if (seconds < 60) return seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";
        var t = TimeSpan.FromSeconds(Math.Round(seconds));
        if (t.TotalHours < 1) return string.Create(CultureInfo.InvariantCulture, $"{t.Minutes} min {t.Seconds:00} s");
        return t.TotalDays < 1
            ? string.Create(CultureInfo.InvariantCulture, $"{t.Hours} h {t.Minutes:00} min")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)t.TotalDays} d {t.Hours:00} h");
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string Count(long count, string one, string many) => $"{Whole(count)} {(count == 1 ? one : many)}";

    private static string Minus(string text) => text.Replace('-', '−');
}
