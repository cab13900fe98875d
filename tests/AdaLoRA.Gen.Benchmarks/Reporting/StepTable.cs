using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>Medians of a measurement, a row a variant, fastest first.</summary>
internal static class StepTable
{
    public static Table Of(string title, Measurement steps) => new(title, ["variant", "step ms", "forward", "backward", "update", "dispose", "managed KB"],
    [
        .. steps.Samples.Keys.OrderBy(v => steps.Median(v, s => s.TotalMs)).Select(v => new object[]
        {
            v, steps.Median(v, s => s.TotalMs), steps.Median(v, s => s.ForwardMs), steps.Median(v, s => s.BackwardMs), steps.Median(v, s => s.UpdateMs), steps.Median(v, s => s.DisposeMs), steps.Median(v, s => s.ManagedBytes / 1024.0),
        }),
    ]);
}
