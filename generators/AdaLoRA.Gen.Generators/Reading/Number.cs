using System.Globalization;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>Numbers and the words beside them, as messages show them.</summary>
internal static class Number
{
    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The shortest text that reads back as the same number.</summary>
    public static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    public static bool IsFinite(double number) => !double.IsNaN(number) && !double.IsInfinity(number);

    /// <summary>"1 target", "2 targets".</summary>
    public static string Of(decimal count, string singular) => count.ToString(CultureInfo.InvariantCulture) + " " + Word(count, singular);

    /// <summary>"target", "targets".</summary>
    public static string Word(decimal count, string singular) => count == 1 ? singular : singular + "s";
}
