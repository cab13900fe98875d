using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>
/// What one allocation adds to <c>optimizer.step()</c>: ranking 864 triplets, masking, refolding. Every second step allocates, and each is compared with the mean of its neighbours, which do not. Only
/// the update is run, on gradients of noise.
/// </summary>
internal sealed class AllocationBars : BarGroup
{
    private const double LimitMs = 1;

    private static readonly Worker<int, double[]> Updates = new("allocation", Time);

    public override string Name => "allocation";

    public override double QuickSeconds => 6;

    public override IReadOnlyList<string> Bars => [Bar("of 864 triplets")];

    public override IEnumerable<Worker> Workers => [Updates];

    public override GroupResult Run(RunOptions options)
    {
        double[] ms = Updates.Run(options.Quick ? 400 : 1000).Result;
        // ms[k] is step k + 2, so that the odd places hold the odd steps, which do not allocate.
        double[] extra = [.. Enumerable.Range(1, ms.Length / 2 - 1).Select(k => 2 * k).Select(i => ms[i] - (ms[i - 1] + ms[i + 1]) / 2)];
        double plain = Interval.OfMedian(ms.Where((_, i) => i % 2 == 1)).Median;
        return new GroupResult([Verdict.AtMost(Bars[0], Interval.OfMedian(extra), LimitMs, extra.Length, "ms", $"on top of {plain:F2} ms for the update at h768")], []);
    }

    private static double[] Time(int steps)
    {
        NativeThreads.Configure(1);
        var progress = new Progress();
        using var weights = new FrozenWeights(StackShape.Timed[0]);
        // Short enough that the budget falls at nearly every allocation.
        using var arena = new ArenaVariant(Variant.ArenaAdaLoRA, weights, new Recipe { TotalSteps = 2 * steps, Interval = 2 }, AdapterMethod.AdaLoRA);
        arena.Step(1);
        using var gradients = arena.RandomGradients();
        double[] ms = new double[steps];
        for (int i = 0; i < steps; i++)
        {
            ms[i] = arena.TimeUpdate(gradients);
            progress.Report($"allocation: step {i + 1} of {steps}");
        }
        // The first steps run code that is not compiled to its last tier.
        return ms[(steps / 4 / 2 * 2)..];
    }
}
