namespace AdaLoRA.Gen.Budget;

/// <summary>Chooses which triplets live. Exact: always <c>keep</c> of them, ties broken by position, so that a run does not depend on a sort's whims.</summary>
internal static class RankAllocator
{
    /// <summary>Marks the <paramref name="keep"/> best scores.</summary>
    /// <param name="scores">One score a triplet, in canonical order (targets by path, then index). A score that is not a number ranks last.</param>
    /// <param name="keep">How many live: below 0 counts as 0, above the number of scores as all.</param>
    /// <param name="kept">Receives true for the survivors; as long as <paramref name="scores"/>.</param>
    public static void Select(ReadOnlySpan<float> scores, int keep, Span<bool> kept)
    {
        keep = Math.Clamp(keep, 0, scores.Length);
        var order = new int[scores.Length];
        var keys = new Key[scores.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = new Key(float.IsNaN(scores[i]) ? float.NegativeInfinity : scores[i], i);
        }
        Array.Sort(keys, order);
        kept.Clear();
        for (int i = 0; i < keep; i++) kept[order[i]] = true;
    }

    private readonly record struct Key(float Score, int Index) : IComparable<Key>
    {
        public int CompareTo(Key other)
        {
            int byScore = other.Score.CompareTo(Score);
            return byScore != 0 ? byScore : Index.CompareTo(other.Index);
        }
    }
}
