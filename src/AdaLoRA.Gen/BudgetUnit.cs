namespace AdaLoRA.Gen;

/// <summary>What the budget counts.</summary>
public enum BudgetUnit
{
    /// <summary>Triplets, whatever the size of their matrix: b(t) of the paper. Exactly b(t) are kept, unless maxima in <see cref="AdaLoRAAttribute.RankLimits"/> allow fewer.</summary>
    Triplets,

    /// <summary>
    /// Parameters: a triplet costs in + out + 1. Triplets are ranked by score ÷ cost, and as many of the best are kept as the budget pays for, so it is never exceeded; what is left
    /// over pays for less than the next triplet.
    /// </summary>
    Parameters,
}
