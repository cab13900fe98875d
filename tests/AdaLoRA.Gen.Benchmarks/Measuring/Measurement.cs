using AdaLoRA.Gen.Benchmarks.Variants;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>The samples of one shape: a list a variant, in rounds, so that equal positions were measured side by side.</summary>
internal sealed record Measurement(Dictionary<string, List<StepSample>> Samples)
{
    public int Rounds => Samples.Values.First().Count;

    /// <summary>Median of the ratios within a round: what slows the machine down for a while slows both, and cancels.</summary>
    public Interval Ratio(string numerator, string denominator) =>
        Interval.OfMedian(Samples[numerator].Zip(Samples[denominator], (a, b) => a.TotalMs / b.TotalMs));

    public double Median(string variant, Func<StepSample, double> of) => Interval.OfMedian(Samples[variant].Select(of)).Median;
}
