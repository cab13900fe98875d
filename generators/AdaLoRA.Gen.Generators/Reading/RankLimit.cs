using System.Globalization;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>
/// One entry of <c>RankLimits</c>: "pattern: min..max", either end of which may be left out. Must agree with <c>AdaLoRA.Gen.Budget.RankLimit</c>, which reads the
/// same text at run time; a test holds the two together.
/// </summary>
internal sealed class RankLimit
{
    private const string Form = "write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\"";

    private RankLimit(string text) => Text = text;

    public string Text { get; }

    /// <summary>The pattern, and where it begins in the text.</summary>
    public PathPattern Pattern { get; private init; } = PathPattern.Parse("");

    public int PatternStart { get; private init; }

    /// <summary>0 where it is left out.</summary>
    public int Minimum { get; private init; }

    /// <summary>The largest number there is where it is left out.</summary>
    public int Maximum { get; private init; }

    /// <summary>The minimum's digits in the text.</summary>
    public (int Start, int Length) MinimumPart { get; private init; }

    /// <summary>What is wrong with the text itself, or null.</summary>
    public RankLimitFault? Fault { get; private init; }

    public static RankLimit Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 1) return Faulty(text, 0, text.Length, "is not of the form 'pattern: min..max'; " + Form);
        var (range, rangeStart) = Trimmed(text, colon + 1, text.Length);
        var (pattern, patternStart) = Trimmed(text, 0, colon);
        if (!TryReadRange(range, out int minimum, out int maximum)) return FaultyRange(text, range, rangeStart);
        int dots = range.IndexOf("..", StringComparison.Ordinal);
        if (maximum < minimum)
        {
            string turned = range.Substring(dots + 2) + ".." + range.Substring(0, dots);
            return Faulty(text, rangeStart, range.Length, $"has its maximum below its minimum; write '{turned}'", turned);
        }
        if (pattern.Length == 0) return Faulty(text, 0, text.Length, "has no pattern; " + Form);
        var parsed = PathPattern.Parse(pattern);
        return parsed.Error is { } error
            ? Faulty(text, patternStart, pattern.Length, "has a pattern that cannot be read: " + error)
            : new RankLimit(text) { Pattern = parsed, PatternStart = patternStart, Minimum = minimum, Maximum = maximum, MinimumPart = (rangeStart, dots) };
    }

    private static RankLimit FaultyRange(string text, string range, int start)
    {
        string dense = new([.. range.Where(c => !char.IsWhiteSpace(c))]);
        if (dense.Length < range.Length && TryReadRange(dense, out int minimum, out int maximum) && minimum <= maximum)
            return Faulty(text, start, range.Length, $"has spaces in its range; write '{dense}'", dense);
        if (TryRead(range, -1, out int number) && number >= 0)
            return Faulty(text, start, range.Length, $"has no '..' in its range; write '{range}..' for at least {range}, '..{range}' for at most {range}");
        return range.Length == 0
            ? Faulty(text, 0, text.Length, "has no range; " + Form)
            : Faulty(text, start, range.Length, $"has a range that cannot be read, '{range}'; " + Form);
    }

    private static RankLimit Faulty(string text, int start, int length, string sentence, string? replacement = null) =>
        new(text) { Fault = new RankLimitFault(start, length, sentence, replacement) };

    private static (string Text, int Start) Trimmed(string text, int start, int end)
    {
        while (start < end && char.IsWhiteSpace(text[start])) start++;
        while (end > start && char.IsWhiteSpace(text[end - 1])) end--;
        return (text.Substring(start, end - start), start);
    }

    private static bool TryReadRange(string range, out int minimum, out int maximum)
    {
        minimum = maximum = 0;
        int dots = range.IndexOf("..", StringComparison.Ordinal);
        return dots >= 0 && range.Length > 2 && TryRead(range.Substring(0, dots), 0, out minimum) && TryRead(range.Substring(dots + 2), int.MaxValue, out maximum);
    }

    private static bool TryRead(string text, int missing, out int value)
    {
        value = missing;
        return text.Length == 0 || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}

/// <summary>Why an entry cannot be read, and on which of its characters.</summary>
/// <param name="Start">First of them.</param>
/// <param name="Length">How many.</param>
/// <param name="Sentence">The reason and what to do.</param>
/// <param name="Replacement">Text for the part, or null.</param>
internal sealed record RankLimitFault(int Start, int Length, string Sentence, string? Replacement);
