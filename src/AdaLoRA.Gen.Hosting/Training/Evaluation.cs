namespace AdaLoRA.Gen.Hosting;

/// <summary>What an evaluation found.</summary>
/// <param name="Metric">Name of the number that decides which adapter is best: "accuracy", say.</param>
/// <param name="Value">The number.</param>
/// <param name="HigherIsBetter">False for a loss or an error.</param>
public sealed record Evaluation(string Metric, double Value, bool HigherIsBetter = true)
{
    /// <summary>Further numbers to report beside the metric.</summary>
    public IReadOnlyDictionary<string, double> Further { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether this evaluation is better than <paramref name="other"/>. Any finite number is better than none; one that is not finite never is.</summary>
    /// <param name="other">The best so far.</param>
    public bool IsBetterThan(Evaluation? other) => double.IsFinite(Value) && (other is null || (HigherIsBetter ? Value > other.Value : Value < other.Value));
}
