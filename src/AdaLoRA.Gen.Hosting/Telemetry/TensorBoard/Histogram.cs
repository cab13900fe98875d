namespace AdaLoRA.Gen.Hosting;

/// <summary>One bucket of a histogram; its right end belongs to it only in the last.</summary>
internal readonly record struct Bucket(double Left, double Right, double Count);

/// <summary>Histograms in the form of TensorBoard's plug-in: buckets from left to right without gaps, their counts.</summary>
internal static class Histogram
{
    // What tf.summary.histogram makes; the page draws that many.
    private const int Buckets = 30;

    /// <summary>Thirty buckets of one width from the smallest value to the largest. Where all values are the same, the last bucket of width 0 holds them, which is the plug-in's convention.</summary>
    /// <param name="values">Those that are not finite are left out.</param>
    /// <returns>Empty when no value is finite.</returns>
    public static Bucket[] OfReals(IEnumerable<float> values)
    {
        double[] finite = [.. values.Where(float.IsFinite).Select(v => (double)v)];
        if (finite.Length == 0) return [];
        double low = finite.Min(), high = finite.Max(), width = (high - low) / Buckets;
        int[] counts = new int[Buckets];
        foreach (double v in finite) counts[width > 0 ? Math.Min(Buckets - 1, (int)((v - low) / width)) : Buckets - 1]++;
        // The last end is exactly the largest value, whatever the sum of the widths rounds to.
        return [.. counts.Select((n, i) => new Bucket(low + i * width, i == Buckets - 1 ? high : low + (i + 1) * width, n))];
    }

    /// <summary>One bucket a whole number, from the smallest to the largest.</summary>
    public static Bucket[] OfWholeNumbers(IReadOnlyCollection<int> values)
    {
        if (values.Count == 0) return [];
        int low = values.Min();
        int[] counts = new int[values.Max() - low + 1];
        foreach (int v in values) counts[v - low]++;
        return [.. counts.Select((n, i) => new Bucket(low + i - 0.5, low + i + 0.5, n))];
    }
}
