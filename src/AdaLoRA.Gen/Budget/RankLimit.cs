using System.Globalization;
using AdaLoRA.Gen.Adapters;

namespace AdaLoRA.Gen.Budget;

/// <summary>Smallest and largest rank of one target.</summary>
internal readonly record struct RankLimit(int Minimum, int Maximum)
{
    /// <summary>Class of a triplet beyond the maximum.</summary>
    public const int Excluded = 2;

    public static RankLimit None { get; } = new(0, int.MaxValue);

    /// <summary>0: guaranteed by the minimum; 1: competes; 2: beyond the maximum.</summary>
    /// <param name="place">Triplets of the same target that rank before it.</param>
    public int ClassOf(int place) => place < Minimum ? 0 : place < Maximum ? 1 : Excluded;

    /// <summary>The limit of each target, or null where the options state none.</summary>
    /// <exception cref="AdaLoRAException">A limit cannot be read, matches no target, or asks for more than there is.</exception>
    public static RankLimit[]? Resolve(AdaLoRAOptions options, IReadOnlyList<AdapterTarget> targets, int initialRank, string modelName)
    {
        if (options.RankLimits.Count == 0) return null;
        var limits = new RankLimit[targets.Count];
        var statedBy = new string?[targets.Count];
        Array.Fill(limits, None);
        foreach (string text in options.RankLimits)
        {
            var (pattern, limit) = Parse(text) ?? throw new AdaLoRAException(Malformed(text));
            bool matched = false;
            for (int i = 0; i < targets.Count; i++)
            {
                if (!pattern.Matches(targets[i].Path)) continue;
                (limits[i], statedBy[i]) = (limit, text);
                matched = true;
            }
            if (!matched) throw new AdaLoRAException($"{modelName}: RankLimits '{text}' matches no target; its targets are {string.Join(", ", targets.Take(4).Select(t => $"'{t.Path}'"))}{(targets.Count > 4 ? ", …" : "")}.");
            if (limit.Minimum > initialRank) throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"{modelName}: RankLimits '{text}' wants at least {limit.Minimum} triplets, but every target starts with {initialRank}; raise InitialRank or lower the limit."));
        }
        // The last one that matches counts, so a general one at the end makes those before it void.
        string? shadowed = options.RankLimits.FirstOrDefault(text => !statedBy.Contains(text));
        if (shadowed is not null) throw new AdaLoRAException($"{modelName}: RankLimits '{shadowed}' has no effect, since later ones match all its targets; put it last.");
        return limits;
    }

    public static string Malformed(string text) => $"RankLimits holds '{text}'; write a pattern and a range, such as \"*.query: 1..4\", \"*.value: 2..\" or \"head: ..3\".";

    /// <summary>Reads "pattern: min..max", either end of which may be left out; null when it is not of that form.</summary>
    public static (PathPattern Pattern, RankLimit Limit)? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 1) return null;
        string range = text[(colon + 1)..].Trim();
        int dots = range.IndexOf("..", StringComparison.Ordinal);
        if (dots < 0 || range.Length == 2) return null;
        if (!TryRead(range[..dots], 0, out int minimum) || !TryRead(range[(dots + 2)..], int.MaxValue, out int maximum) || maximum < minimum) return null;
        return (PathPattern.Parse(text[..colon].Trim()), new RankLimit(minimum, maximum));
    }

    private static bool TryRead(string text, int missing, out int value)
    {
        value = missing;
        return text.Length == 0 || int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }
}
