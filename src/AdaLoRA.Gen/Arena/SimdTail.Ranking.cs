namespace AdaLoRA.Gen.Arena;

internal sealed unsafe partial class SimdTail
{
    private readonly float[] _scores;
    private readonly float[] _rowScores;
    private bool _hasScores;

    public float[] ReadScores() => _hasScores ? [.. _scores] : [];

    /// <summary>Ranks the triplets and removes those that <paramref name="budget"/> does not pay for.</summary>
    private void Allocate(SimdBuffers b, long budget)
    {
        Score(b);
        _hasScores = true;
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

    /// <summary>Mean s of each row of a factor; a row has its own place, so the number of threads changes nothing.</summary>
    private void SumScores(SimdBuffers b, int factor)
    {
        if (_ranking.Score is not { } score) return;
        var f = _factors[factor];
        for (int k = 0; k < f.Rank; k++)
        {
            long row = f.Offset + (long)k * f.Length;
            _rowScores[2 * (f.Triplet + k) + (f.IsA ? 0 : 1)] = score.Sum(b.Sensitivity + row, b.Uncertainty + row, f.Length) / f.Length;
        }
    }

    /// <summary>A triplet's score, in canonical order: s(λ) + mean s(Q row) + mean s(P column) (eqs. 9 and 13), or |λ|. After <see cref="SumScores"/>.</summary>
    private void Score(SimdBuffers b)
    {
        for (int i = 0; i < _scores.Length; i++)
        {
            int triplet = _canonical[i];
            _scores[i] = _ranking.Score is { } score
                ? score.Sum(b.Sensitivity + triplet, b.Uncertainty + triplet, 1) + _rowScores[2 * triplet] + _rowScores[2 * triplet + 1]
                : Math.Abs(b.P[triplet]);
        }
    }
}
