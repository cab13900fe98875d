using AdaLoRA.Gen.Benchmarks.Int8;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Peak resident memory of a training step on a base of 8 billion int8 weights, 224 adapters, 16 tokens.</summary>
internal sealed class Int8Bars : BarGroup
{
    private const double LimitGiB = 12, MB = 1e6, GiB = 1 << 30;

    private static readonly Worker<int, Int8Report> Step = new("int8-step", steps => Int8Step.Run(steps, new Progress()));

    public override string Name => "int8-llama-8b";

    public override IReadOnlyList<string> Bars => [Bar("peak memory of a step")];

    public override bool IsTimed => false;

    public override IEnumerable<Worker> Workers => [Step];

    public override GroupResult Run(RunOptions options)
    {
        double free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / GiB;
        if (free < LimitGiB) return new GroupResult([Verdict.AtMost(Bars[0], default, LimitGiB, 0, "GiB").Skipped($"This machine has {free:F1} GiB of memory, fewer than the bar.")], []);
        int steps = options.Quick ? 1 : 3;
        var run = Step.Run(steps);
        var (report, peak) = (run.Result, run.PeakMB * MB / GiB);
        return new GroupResult([Verdict.AtMost(Bars[0], new Interval(peak, peak, peak), LimitGiB, 1, "GiB")],
        [
            new Table($"{Name}: {report.Int8Parameters / 1e9:F2} B int8 weights, {report.Adapters} adapters of {report.AdapterParameters / 1e6:F1} M parameters, step {steps}", ["", "seconds"],
                [["forward", report.ForwardSeconds], ["backward", report.BackwardSeconds], ["update", report.UpdateSeconds]]),
        ]);
    }
}
