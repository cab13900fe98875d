namespace AdaLoRA.Gen.Arena;

internal sealed unsafe partial class SimdTail
{
    private float[]? _scores;
    private float[]? _rowScores;

    /// <summary>Ranks the triplets and removes those that <paramref name="budget"/> does not pay for.</summary>
    private void Allocate(SimdBuffers b, long budget)
    {
        _scores ??= new float[_canonical.Length];
        Score(b, _scores);
        _ranking.Allocator.Select(_scores, budget, _kept);
        for (int i = 0; i < _canonical.Length; i++) b.Mask[_canonical[i]] = _kept[i] ? 1 : 0;
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

    /// <summary>A triplet's score, in canonical order: s(λ) + mean s(Q row) + mean s(P column) (eqs. 9 and 13), or |λ|.</summary>
    private void Score(SimdBuffers b, float[] scores)
    {
        if (_ranking.Score is not { } score)
        {
            for (int i = 0; i < scores.Length; i++) scores[i] = Math.Abs(b.P[_canonical[i]]);
            return;
        }
        float[] rows = _rowScores ??= new float[2 * scores.Length];
        // Both averages are read from end to end, and that is where the time goes. Each row has its own place, so the number of threads changes nothing.
        ForEachFactor(n =>
        {
            var f = _factors[n];
            for (int k = 0; k < f.Rank; k++)
            {
                long row = f.Offset + (long)k * f.Length;
                rows[2 * (f.Triplet + k) + (f.IsA ? 0 : 1)] = score.Sum(b.Sensitivity + row, b.Uncertainty + row, f.Length) / f.Length;
            }
        });
        for (int i = 0; i < scores.Length; i++)
        {
            int triplet = _canonical[i];
            scores[i] = score.Sum(b.Sensitivity + triplet, b.Uncertainty + triplet, 1) + rows[2 * triplet] + rows[2 * triplet + 1];
        }
    }
}
