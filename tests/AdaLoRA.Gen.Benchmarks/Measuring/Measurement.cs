using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>The samples of one shape: a list a variant, in rounds, so that equal positions were measured side by side.</summary>
internal sealed record Measurement(StackShape Shape, IReadOnlyDictionary<string, List<StepSample>> Samples)
{
    public int Rounds => Samples.Values.First().Count;

    public IEnumerable<VariantSummary> Summaries() => Samples.Select(s => new VariantSummary(
        Shape.Name, s.Key, Median(s.Value, v => v.TotalMs), Median(s.Value, v => v.UpdateMs), Median(s.Value, v => v.UpdateMs / v.TotalMs), (long)Median(s.Value, v => v.ManagedBytes)));

    /// <summary>Median of the ratios within a round: what slows the machine down for a while slows both, and cancels.</summary>
    public Interval Ratio(string numerator, string denominator) =>
        Interval.OfMedian(Samples[numerator].Zip(Samples[denominator], (a, b) => a.TotalMs / b.TotalMs));

    private static double Median(List<StepSample> samples, Func<StepSample, double> of) => Interval.OfMedian(samples.Select(of)).Median;
}

/// <summary>Medians of one variant at one shape.</summary>
internal sealed record VariantSummary(string Shape, string Variant, double Ms, double UpdateMs, double UpdateShare, long ManagedBytes);
