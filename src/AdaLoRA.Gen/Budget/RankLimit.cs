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
    /// <exception cref="AdaLoRAException">A limit cannot be read, one of its alternatives matches no target, it asks for more than there is, or later ones leave it without effect.</exception>
    public static RankLimit[]? Resolve(AdaLoRAOptions options, IReadOnlyList<AdapterTarget> targets, int initialRank, string modelName)
    {
        if (options.RankLimits.Count == 0) return null;
        var limits = new RankLimit[targets.Count];
        int[] statedBy = new int[targets.Count];
        string[] paths = [.. targets.Select(t => t.Path)];
        Array.Fill(limits, None);
        Array.Fill(statedBy, -1);
        for (int n = 0; n < options.RankLimits.Count; n++)
        {
            string text = options.RankLimits[n];
            var (pattern, limit) = Parse(text) ?? throw new AdaLoRAException(Malformed(text));
            foreach (string missing in pattern.AlternativesWithoutMatch(paths))
            {
                throw new AdaLoRAException($"{modelName}: {(missing == pattern.Text ? "" : $"'{missing}' of ")}RankLimits '{text}' matches no target; {TargetResolver.Nearest(missing, paths)}");
            }
            for (int i = 0; i < targets.Count; i++)
            {
                if (pattern.Matches(paths[i])) (limits[i], statedBy[i]) = (limit, n);
            }
            if (limit.Minimum > initialRank) throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"{modelName}: RankLimits '{text}' wants at least {limit.Minimum} triplets, but every target starts with {initialRank}; raise InitialRank or lower the limit."));
        }
        // The last one that matches counts, so a general one at the end makes those before it void.
        int shadowed = Enumerable.Range(0, options.RankLimits.Count).FirstOrDefault(n => !statedBy.Contains(n), -1);
        if (shadowed >= 0) throw new AdaLoRAException($"{modelName}: RankLimits '{options.RankLimits[shadowed]}' has no effect, since later ones match all its targets; put it last, or remove it.");
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
