using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>Everything that a run found.</summary>
internal sealed record Report(Agreement Agreement, string Device, IReadOnlyList<Verdict> Verdicts, IReadOnlyList<Table> Tables, TimeSpan Took)
{
    /// <summary>Whether both sides agree and no bar is missed; a skipped one is not missed.</summary>
    public bool Ok => Agreement.Ok && Verdicts.All(v => v.Ok != false);
}
