namespace AdaLoRA.Gen;

/// <summary>What a triplet is ranked by. Ī and Ū are the smoothed sensitivity |w·g| and its smoothed uncertainty (eqs. 11 and 12).</summary>
public enum ImportanceScore
{
    /// <summary>s = Ī·Ū per entry, S = s(λ) + mean s(Q) + mean s(P): eqs. 9 and 13, the paper's method.</summary>
    Product,

    /// <summary>s = Ī: sensitivity alone, the ablation of the paper's Table 4.</summary>
    Sensitivity,

    /// <summary>S = |λ|: the size of the singular value alone, the other ablation of Table 4. Needs no averages.</summary>
    Magnitude,

    /// <summary>s = Ī ÷ Ū: prefers what is sensitive and steadily so, the signal-to-noise ratio of IGU-LoRA.</summary>
    SignalToNoise,
}
