using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Memory and live tensors at steps 50 and 2,050 of one run.</summary>
internal sealed class LeakBars : BarGroup
{
    private static readonly Worker<int, LeakReport> Check = new("leak", _ =>
    {
        NativeThreads.Configure(1);
        return LeakCheck.Run(new Reporting.Progress());
    });

    public override string Name => "leak";

    public override IReadOnlyList<string> Bars => [Bar("resident memory over 2,000 steps"), Bar("live tensors over 2,000 steps")];

    public override bool IsTimed => false;

    public override IEnumerable<Worker> Workers => [Check];

    public override GroupResult Run(RunOptions options)
    {
        var report = Check.Run(0).Result;
        double more = report.MostLiveTensors - report.LiveTensors;
        return new GroupResult(
        [
            Verdict.AtMost(Bars[0], new Interval(report.GrowthMB, report.GrowthMB, report.GrowthMB), report.AllowedMB, 1, "MB"),
            Verdict.AtMost(Bars[1], new Interval(more, more, more), 0, 1, "tensors more", $"{report.LiveTensors} live"),
        ], []);
    }
}
