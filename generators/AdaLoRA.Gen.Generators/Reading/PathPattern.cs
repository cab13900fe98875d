using System.Globalization;

namespace AdaLoRA.Gen.Generators.Reading;

/// <summary>One character of a written-out alternative, with the place in the pattern it came from.</summary>
internal readonly record struct PatternChar(char Value, int Start, int Length);

/// <summary>One written-out alternative of a pattern: only <c>*</c> and <c>?</c> are left in it.</summary>
internal sealed class PatternAlternative(IReadOnlyList<PatternChar> characters)
{
    public IReadOnlyList<PatternChar> Characters { get; } = characters;

    public string Text { get; } = new([.. characters.Select(c => c.Value)]);

    /// <summary>First and last position of each segment between dots.</summary>
    public IEnumerable<(int Start, int End)> Segments()
    {
        int start = 0;
        for (int i = 0; i <= Text.Length; i++)
        {
            if (i < Text.Length && Text[i] != '.') continue;
            yield return (start, i);
            start = i + 1;
        }
    }

    /// <summary>The part of the pattern that the characters came from.</summary>
    public (int Start, int Length) SourceOf(int start, int end)
    {
        if (start >= end) return (0, 0);
        int first = Enumerable.Range(start, end - start).Min(i => Characters[i].Start);
        int last = Enumerable.Range(start, end - start).Max(i => Characters[i].Start + Characters[i].Length);
        return (first, last - first);
    }
}

/// <summary>
/// The pattern grammar at compile time: <c>*</c> any run of characters (dots too), <c>?</c> one character other than a dot, <c>{a,b}</c> alternatives (nested too),
/// <c>{0..5}</c> whole numbers. Must agree with <c>AdaLoRA.Gen.Adapters.PathPattern</c>, which reads the same text at run time; a test holds the two together.
/// </summary>
internal sealed class PathPattern
{
    private const int MostAlternatives = 10_000;

    private PathPattern(string text, IReadOnlyList<PatternAlternative> alternatives, string? error)
    {
        Text = text;
        Alternatives = alternatives;
        Error = error;
    }

    public string Text { get; }

    public IReadOnlyList<PatternAlternative> Alternatives { get; }

    /// <summary>What is wrong with the text itself, or null.</summary>
    public string? Error { get; }

    /// <summary>The characters in the braces that an alternative came from; of no length where the pattern has not exactly one group, or the alternative is an empty one.</summary>
    public (int Start, int Length) PartOf(PatternAlternative alternative)
    {
        int open = Text.IndexOf('{'), close = Text.IndexOf('}');
        if (open < 0 || Text.IndexOf('{', open + 1) >= 0) return (0, 0);
        int first = -1, last = -1;
        for (int i = 0; i < alternative.Characters.Count; i++)
        {
            if (alternative.Characters[i].Start <= open || alternative.Characters[i].Start >= close) continue;
            if (first < 0) first = i;
            last = i + 1;
        }
        return first < 0 ? (0, 0) : alternative.SourceOf(first, last);
    }

    public static PathPattern Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return new PathPattern(text, [], "it is empty; remove it");
        try
        {
            var alternatives = Expand([.. text.Select((c, i) => new PatternChar(c, i, 1))]).Take(MostAlternatives + 1).Select(a => new PatternAlternative(a)).ToList();
            return alternatives.Count > MostAlternatives
                ? new PathPattern(text, [], $"it has more than {MostAlternatives} alternatives; use * instead")
                : new PathPattern(text, alternatives, null);
        }
        catch (FormatException e)
        {
            return new PathPattern(text, [], e.Message);
        }
    }

    /// <summary>Writes the first brace group out and recurses.</summary>
    private static IEnumerable<List<PatternChar>> Expand(List<PatternChar> text)
    {
        int open = text.FindIndex(c => c.Value == '{');
        if (open < 0)
        {
            if (text.Exists(c => c.Value == '}')) throw new FormatException("it closes a brace that it never opens; remove the '}'");
            return [text];
        }
        int depth = 0, start = open + 1;
        var parts = new List<List<PatternChar>>();
        for (int i = open; i < text.Count; i++)
        {
            if (text[i].Value == '{') depth++;
            else if (text[i].Value == ',' && depth == 1)
            {
                parts.Add(text.GetRange(start, i - start));
                start = i + 1;
            }
            else if (text[i].Value == '}' && --depth == 0)
            {
                parts.Add(text.GetRange(start, i - start));
                var before = text.GetRange(0, open);
                var after = text.GetRange(i + 1, text.Count - i - 1);
                return parts.SelectMany(WrittenOut).SelectMany(part => Expand([.. before, .. part, .. after]));
            }
        }
        throw new FormatException("it opens a brace that it never closes; add the '}'");
    }

    private static IEnumerable<List<PatternChar>> WrittenOut(List<PatternChar> part)
    {
        string text = new([.. part.Select(c => c.Value)]);
        int dots = text.IndexOf("..", StringComparison.Ordinal);
        if (dots > 0
            && int.TryParse(text.Substring(0, dots), NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(text.Substring(dots + 2), NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            && last >= first && last - first < MostAlternatives)
        {
            int start = part[0].Start, length = part[part.Count - 1].Start + part[part.Count - 1].Length - start;
            for (int n = first; n <= last; n++) yield return [.. n.ToString(CultureInfo.InvariantCulture).Select(c => new PatternChar(c, start, length))];
        }
        else
        {
            yield return part;
        }
    }
}
