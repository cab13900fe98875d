using System.Globalization;

namespace AdaLoRA.Gen.Tool.Output;

/// <summary>Numbers as people read them.</summary>
internal static class Text
{
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => $"{bytes} B",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.##} GB"),
    };

    public static string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Three significant digits; "-" for nothing.</summary>
    public static string Number(double? value) => value is { } number ? number.ToString("G3", CultureInfo.InvariantCulture) : "-";

    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
