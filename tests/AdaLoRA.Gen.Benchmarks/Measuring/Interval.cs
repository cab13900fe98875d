namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>A median (or mean) with its 95 % interval.</summary>
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
        int rank = Rank(n);
        return new Interval(median, sorted[rank], sorted[n - 1 - rank]);
    }

    /// <summary>The mean with its interval of ±1.96 standard errors.</summary>
    public static Interval Mean(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Average(), error = all.Length < 2 ? 0 : Math.Sqrt(all.Sum(v => (v - mean) * (v - mean)) / (all.Length - 1) / all.Length);
        return new Interval(mean, mean - 1.96 * error, mean + 1.96 * error);
    }

    /// <summary>Few values: the middle one, the smallest and the largest.</summary>
    public static Interval Range(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Interval(OfMedian(sorted).Median, sorted[0], sorted[^1]);
    }

    /// <summary>The largest k for which the median lies outside the k-th values from either end with at most 5 % probability.</summary>
    private static int Rank(int n)
    {
        if (n > 100) return (int)((n - 1.96 * Math.Sqrt(n)) / 2);
        double term = Math.Pow(0.5, n), tail = term;
        int rank = 0;
        // tail = P(fewer than rank + 1 of n values lie below the median).
        while (rank + 1 < n / 2)
        {
            term *= (double)(n - rank) / (rank + 1);
            if (2 * (tail += term) > 0.05) break;
            rank++;
        }
        return rank;
    }
}
