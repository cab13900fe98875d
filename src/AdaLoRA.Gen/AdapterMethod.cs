namespace AdaLoRA.Gen;

/// <summary>Which adapters a model gets. Both live on the same arena and run through the same forward.</summary>
public enum AdapterMethod
{
    /// <summary>ΔW = P Λ Q with a global budget of triplets that the optimizer spends where they matter (arXiv 2303.10512).</summary>
    AdaLoRA,

    /// <summary>Plain LoRA, ΔW = B A with one fixed rank: the baseline.</summary>
    LoRA,
}
