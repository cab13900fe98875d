using System.Globalization;
using AdaLoRA.Gen.Generators.Models;

namespace AdaLoRA.Gen.Generators.Reading;

internal enum IndexAnswer
{
    NoMatch,

    /// <summary>Every item of every list matches.</summary>
    All,

    /// <summary>The items given by the sets match.</summary>
    Some,

    /// <summary>Items match that cannot be written as one set per list.</summary>
    Undecided,
}

/// <summary>For which indices of the lists on a path an alternative matches it.</summary>
internal static class IndexSolver
{
    private const int Any = -1;
    private const int MostCombinations = 20_000;

    public static (IndexAnswer Answer, IndexTuple? Sets) Solve(string alternative, string path, IReadOnlyList<int?> lengths)
    {
        if (!PatternMatcher.CanMatch(alternative, path)) return (IndexAnswer.NoMatch, null);
        if (lengths.Count == 0 || PatternMatcher.MatchesAnyIndex(alternative, path)) return (IndexAnswer.All, null);

        // An open list is tried with every index that has no more digits than the longest number written in the alternative; a longer index needs a *
        // beside the digits, and then there is no last one.
        int digits = LongestNumber(alternative);
        if (lengths.Any(n => n is null) && (digits > 3 || HasNumberBesideStar(alternative))) return (IndexAnswer.Undecided, null);
        int open = (int)Math.Pow(10, digits);
        if (lengths.Aggregate(1.0, (product, n) => product * (n ?? open + 1)) > MostCombinations) return (IndexAnswer.Undecided, null);

        var matching = Combinations(lengths, open).Where(indices => Matches(alternative, path, indices)).ToList();
        if (matching.Count == 0) return (IndexAnswer.NoMatch, null);
        var sets = lengths.Select((length, i) => SetOf(matching, i, length)).ToList();
        double product = sets.Select((set, i) => set.Count > 0 ? set.Count : lengths[i] ?? (open + 1)).Aggregate(1.0, (a, b) => a * b);
        return product == matching.Count
            ? sets.TrueForAll(s => s.Count == 0) ? (IndexAnswer.All, null) : (IndexAnswer.Some, new IndexTuple(sets.ToEquatableArray()))
            : (IndexAnswer.Undecided, null);
    }

    /// <summary>Whether the alternative matches the node, or some item that the node stands for.</summary>
    public static bool CanMatch(string alternative, ModuleNode node) => Solve(alternative, node.Path, node.ListLengths()).Answer != IndexAnswer.NoMatch;

    /// <summary>The indices of one list; empty for all of them.</summary>
    private static EquatableArray<int> SetOf(List<int[]> matching, int list, int? length)
    {
        var values = matching.Select(indices => indices[list]).Distinct().OrderBy(v => v).ToList();
        bool all = length is { } n ? values.Count == n : values[0] == Any;
        return all ? EquatableArray<int>.Empty : values.ToEquatableArray();
    }

    private static bool Matches(string alternative, string path, int[] indices)
    {
        var text = new System.Text.StringBuilder();
        int next = 0;
        foreach (char c in path)
        {
            if (c != ModuleNode.IndexMark) text.Append(c);
            else if (indices[next++] is var i && i != Any) text.Append(i.ToString(CultureInfo.InvariantCulture));
            else text.Append(c);
        }
        return PatternMatcher.MatchesAnyIndex(alternative, text.ToString());
    }

    private static IEnumerable<int[]> Combinations(IReadOnlyList<int?> lengths, int open)
    {
        IEnumerable<int[]> combinations = [[]];
        foreach (var length in lengths)
        {
            var values = length is { } n ? Enumerable.Range(0, n) : Enumerable.Range(Any, open + 1);
            combinations = combinations.SelectMany(_ => values, (head, value) => (int[])[.. head, value]);
        }
        return combinations;
    }

    private static int LongestNumber(string alternative)
    {
        int longest = 0, run = 0;
        foreach (char c in alternative)
        {
            run = c is '?' or (>= '0' and <= '9') ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }
        return longest;
    }

    private static bool HasNumberBesideStar(string alternative)
    {
        for (int i = 1; i < alternative.Length; i++)
        {
            char a = alternative[i - 1], b = alternative[i];
            if ((a == '*' && b is '?' or (>= '0' and <= '9')) || (b == '*' && a is '?' or (>= '0' and <= '9'))) return true;
        }
        return false;
    }
}
