namespace PredictorSample;

/// <summary>What to measure.</summary>
internal sealed record LoadPlan(TimeSpan Length, int Clients, TimeSpan? SwapEvery);

/// <summary>What was measured. Times in milliseconds. <c>CpuPerRequest</c> is the processor's time of server and clients together, which other programs on the machine do not change; null for a server elsewhere.</summary>
internal sealed record LoadReport(
    double Seconds, int Clients, long Requests, double RequestsPerSecond, double P50, double P95, double P99, double Max, double? CpuPerRequest, long Errors, string? FirstError,
    int Swaps, int SwapErrors, double SwapP50, int AdapterVersions)
{
    /// <summary>A percentile by the nearest rank.</summary>
    /// <param name="sorted">Ascending.</param>
    /// <param name="part">From 0 to 1.</param>
    public static double Percentile(IReadOnlyList<double> sorted, double part) => sorted.Count == 0 ? 0 : Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)], 2);

    public override string ToString()
    {
        string text = $"{RequestsPerSecond:0.0} requests/s of {Clients} clients over {Seconds:0.0} s: p50 {P50:0.0} ms, p95 {P95:0.0} ms, p99 {P99:0.0} ms, at most {Max:0.0} ms; {Errors} errors";
        if (CpuPerRequest is { } cpu) text += $"; {cpu:0.0} ms of a core each";
        if (Swaps + SwapErrors > 0) text += $"; {Swaps} swaps of {SwapP50:0} ms (median), {SwapErrors} failed, answers of {AdapterVersions} adapter versions";
        return FirstError is null ? text : $"{text}{Environment.NewLine}first error: {FirstError}";
    }
}
