namespace AdaLoRA.Gen.Benchmarks.Variants;

/// <summary>What all variants train with.</summary>
internal sealed record Recipe
{
    public int Rank { get; init; } = 12;

    /// <summary>Mean rank that the budget ends at.</summary>
    public int FinalRank { get; init; } = 4;

    public double Alpha { get; init; } = 16;

    public double LearningRate { get; init; } = 1e-3;

    public double WeightDecay { get; init; } = 0.01;

    /// <summary>γ of the regulariser.</summary>
    public double OrthogonalWeight { get; init; } = 0.1;

    public double ImportanceBeta { get; init; } = 0.85;

    /// <summary>So long that a timing stays in the budgeting phase.</summary>
    public int TotalSteps { get; init; } = 100_000;

    public int InitialWarmup { get; init; }

    public int FinalWarmup { get; init; }

    /// <summary>Steps between two allocations.</summary>
    public int Interval { get; init; } = 10;
}
