namespace AdaLoRA.Gen.Arena;

internal sealed unsafe partial class SimdTail
{
    /// <summary>Ranks the triplets and removes those that <paramref name="budget"/> does not pay for.</summary>
    private void Allocate(SimdBuffers b, long budget)
    {
        float[] scores = Scores(b);
        var canonical = new float[scores.Length];
        for (int i = 0; i < canonical.Length; i++) canonical[i] = scores[_canonical[i]];
        _ranking.Allocator.Select(canonical, budget, _kept);
        for (int i = 0; i < canonical.Length; i++) b.Mask[_canonical[i]] = _kept[i] ? 1 : 0;
        foreach (var f in _factors)
        {
            if (!f.IsA) continue;
            for (int k = 0; k < f.Rank; k++)
            {
                if (b.Mask[f.Triplet + k] != 0) continue;
                b.P[f.Triplet + k] = 0;
                new Span<float>(b.AE + f.Folded + (long)k * f.Length, f.Length).Clear();
            }
        }
    }

    /// <summary>A triplet's score in the order of E: s(λ) + mean s(Q row) + mean s(P column) (eqs. 9 and 13), or |λ|.</summary>
    private float[] Scores(SimdBuffers b)
    {
        var scores = new float[_arena.Layout.Triplets];
        if (_ranking.Score is not { } score)
        {
            for (int i = 0; i < scores.Length; i++) scores[i] = Math.Abs(b.P[i]);
            return scores;
        }
        for (int i = 0; i < scores.Length; i++) scores[i] = score.Sum(b.Sensitivity + i, b.Uncertainty + i, 1);
        foreach (var f in _factors)
        {
            for (int k = 0; k < f.Rank; k++)
            {
                long row = f.Offset + (long)k * f.Length;
                scores[f.Triplet + k] += score.Sum(b.Sensitivity + row, b.Uncertainty + row, f.Length) / f.Length;
            }
        }
        return scores;
    }
}
