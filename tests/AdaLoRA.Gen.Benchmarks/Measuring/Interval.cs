namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>A median with its 95 % interval.</summary>
internal readonly record struct Interval(double Median, double Low, double High)
{
    /// <summary>
    /// The interval between two order statistics, by the sign test: it assumes nothing of the distribution, which on a shared machine has a long tail.
    /// </summary>
    public static Interval OfMedian(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int n = sorted.Length;
        if (n == 0) return new Interval(double.NaN, double.NaN, double.NaN);
        double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
        int rank = Math.Max(0, (int)Math.Floor((n - 1.96 * Math.Sqrt(n)) / 2));
        return new Interval(median, sorted[rank], sorted[n - 1 - rank]);
    }
}
