using AdaLoRA.Gen.Generators.Models;

namespace AdaLoRA.Gen.Generators.Emitting;

/// <summary>Which items of the lists around a layer are adapted, as a C# condition: <c>i is 0 or (&gt;= 4 and &lt;= 9)</c>.</summary>
internal static class IndexCondition
{
    /// <param name="tuples">Any of them may hold.</param>
    /// <param name="indices">Loop variables, outermost first.</param>
    /// <returns>Empty where all are adapted.</returns>
    public static string Of(EquatableArray<IndexTuple> tuples, IReadOnlyList<string> indices)
    {
        var alternatives = tuples.Select(tuple => string.Join(" && ", tuple.Indices
            .Select((set, i) => (set, Index: indices[i]))
            .Where(s => s.set.Count > 0)
            .Select(s => $"{s.Index} is {Pattern(s.set)}"))).ToList();
        return alternatives.Count == 1 ? alternatives[0] : string.Join(" || ", alternatives.Select(a => $"({a})"));
    }

    private static string Pattern(EquatableArray<int> set)
    {
        var sorted = set.Distinct().OrderBy(i => i).ToList();
        var parts = new List<string>();
        for (int start = 0; start < sorted.Count;)
        {
            int end = start;
            while (end + 1 < sorted.Count && sorted[end + 1] == sorted[end] + 1) end++;
            // Two in a row read better one by one.
            if (end - start > 1) parts.Add($">= {sorted[start]} and <= {sorted[end]}");
            else parts.AddRange(sorted.GetRange(start, end - start + 1).Select(i => $"{i}"));
            start = end + 1;
        }
        return parts.Count == 1 ? parts[0] : string.Join(" or ", parts.Select(p => p.Contains(" and ") ? $"({p})" : p));
    }
}
