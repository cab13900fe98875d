using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>Everything that a run found.</summary>
internal sealed record Report(Agreement Agreement, IReadOnlyList<Measurement> Measurements, IReadOnlyList<Verdict> Verdicts)
{
    public bool Ok => Agreement.Ok && Verdicts.All(v => v.Ok || !v.Required);
}
