using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Peak resident memory of training at h768x128 over the frozen run's, each variant in a process of its own.</summary>
internal sealed class MemoryBars : BarGroup
{
    private const double LimitMB = 60;

    /// <summary>Two of them allocate.</summary>
    private const int Steps = 5;

    private static readonly Recipe Recipe = new() { Interval = 2, TotalSteps = 40 };

    private static readonly Worker<string, int> Training = new("memory", Train);

    public override string Name => "memory-h768x128";

    public override IReadOnlyList<string> Bars => [Bar("arena-adalora over frozen")];

    public override bool IsTimed => false;

    public override IEnumerable<Worker> Workers => [Training];

    public override GroupResult Run(RunOptions options)
    {
        int runs = options.Quick ? 3 : 7;
        var peaks = new Dictionary<string, double[]>();
        var work = Variant.Names.SelectMany(name => Enumerable.Range(0, Required(name) ? runs : 1).Select(_ => name)).ToArray();
        // Memory does not depend on what runs beside it.
        var measured = work.AsParallel().AsOrdered().WithDegreeOfParallelism(Math.Clamp(Environment.ProcessorCount, 1, 4)).Select(name => (name, Training.Run(name).PeakMB)).ToArray();
        foreach (var group in measured.GroupBy(m => m.name)) peaks[group.Key] = [.. group.Select(m => m.PeakMB)];
        double frozen = Interval.OfMedian(peaks[Variant.Frozen]).Median;
        var over = Interval.Range(peaks[Variant.ArenaAdaLoRA].Select(p => p - frozen));
        return new GroupResult([Verdict.AtMost(Bars[0], over, LimitMB, runs, "MB")],
        [
            new Table($"{Name}: peak resident memory in MB (10⁶ bytes), 1 thread, {Steps} steps", ["variant", "peak", "over frozen"],
                [.. peaks.Select(p => new object[] { p.Key, Interval.OfMedian(p.Value).Median, Interval.OfMedian(p.Value).Median - frozen })]),
        ]);
    }

    private static bool Required(string variant) => variant is Variant.Frozen or Variant.ArenaAdaLoRA;

    private static int Train(string variant)
    {
        NativeThreads.Configure(1);
        var progress = new Progress();
        using var weights = new FrozenWeights(StackShape.Timed[0]);
        using var training = Variant.Create(variant, weights, Recipe);
        for (int step = 1; step <= Steps; step++)
        {
            training.Step(step);
            progress.Report($"memory of {variant}: step {step} of {Steps}");
        }
        return Steps;
    }
}
