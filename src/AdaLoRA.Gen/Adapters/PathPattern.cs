using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AdaLoRA.Gen.Adapters;

/// <summary>
/// A pattern over module paths: <c>*</c> any run of characters (dots too), <c>?</c> one character other than a dot, <c>{a,b}</c> alternatives (nested too),
/// <c>{0..5}</c> whole numbers. The generator's reader states the same grammar at compile time.
/// </summary>
internal sealed class PathPattern
{
    // An automaton takes hundreds of KB; who only asks whether the pattern can be read does not pay for it.
    private readonly Lazy<Regex[]> _alternatives;
    private readonly string[] _texts;

    private PathPattern(string text, string[] texts)
    {
        Text = text;
        _texts = texts;
        _alternatives = new Lazy<Regex[]>(() => [.. texts.Select(ToRegex)]);
    }

    public string Text { get; }

    public static PathPattern Parse(string text) => new(text, [.. Expand(text)]);

    public bool Matches(string path) => Array.Exists(_alternatives.Value, r => r.IsMatch(path));

    /// <summary>The brace alternatives, written out, that match none of <paramref name="paths"/>.</summary>
    public IEnumerable<string> AlternativesWithoutMatch(IReadOnlyCollection<string> paths)
    {
        for (int i = 0; i < _texts.Length; i++)
        {
            var alternative = _alternatives.Value[i];
            if (!paths.Any(p => alternative.IsMatch(p))) yield return _texts[i];
        }
    }

    private static Regex ToRegex(string alternative)
    {
        var regex = new StringBuilder("^");
        foreach (char c in alternative)
        {
            regex.Append(c switch { '*' => ".*", '?' => "[^.]", _ => Regex.Escape(c.ToString()) });
        }
        return new Regex(regex.Append('$').ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    /// <summary>Writes the first brace group out and recurses; the cost is the number of alternatives.</summary>
    private static IEnumerable<string> Expand(string text)
    {
        int open = text.IndexOf('{', StringComparison.Ordinal);
        if (open < 0)
        {
            if (text.Contains('}', StringComparison.Ordinal)) throw new AdaLoRAException($"The pattern '{text}' closes a brace that it never opens; remove the '}}'.");
            yield return text;
            yield break;
        }
        int depth = 0, start = open + 1;
        var parts = new List<string>();
        for (int i = open; i < text.Length; i++)
        {
            if (text[i] == '{') depth++;
            else if (text[i] == ',' && depth == 1) { parts.Add(text[start..i]); start = i + 1; }
            else if (text[i] == '}' && --depth == 0)
            {
                parts.Add(text[start..i]);
                foreach (string part in parts.SelectMany(WrittenOut))
                    foreach (string expanded in Expand(text[..open] + part + text[(i + 1)..]))
                        yield return expanded;
                yield break;
            }
        }
        throw new AdaLoRAException($"The pattern '{text}' opens a brace that it never closes; add the '}}'.");
    }

    private static IEnumerable<string> WrittenOut(string part)
    {
        int dots = part.IndexOf("..", StringComparison.Ordinal);
        if (dots > 0
            && int.TryParse(part.AsSpan(0, dots), NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(part.AsSpan(dots + 2), NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            && last >= first && last - first < 10_000)
        {
            for (int n = first; n <= last; n++) yield return n.ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            yield return part;
        }
    }
}
