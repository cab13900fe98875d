using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>A forward pass without a graph at h768x128: base model, merged model, model with its adapters on.</summary>
internal sealed class InferenceBars : BarGroup
{
    private const string Base = "base", Merged = "merged", MergedBase = "base on the merged model's memory", Unmerged = "unmerged";
    private const double MergedLimit = 1.02, UnmergedLimit = 1.10;

    private static readonly Worker<Effort, Dictionary<string, List<double>>> Forwards = new("inference", Measure);

    public override string Name => "inference-h768x128";

    public override double QuickSeconds => 22;

    public override IReadOnlyList<string> Bars => [Bar("merged/base"), Bar("unmerged/base")];

    public override IEnumerable<Worker> Workers => [Forwards];

    public override GroupResult Run(RunOptions options)
    {
        var ms = Forwards.Run(options.Effort(warmup: 2, quick: 14, full: 120, atLeast: 9)).Result;
        return new GroupResult([Judge(Bars[0], Merged, MergedBase, MergedLimit), Judge(Bars[1], Unmerged, Base, UnmergedLimit)], []);

        Verdict Judge(string name, string variant, string against, double limit) =>
            Verdict.AtMost(name, Interval.OfMedian(ms[variant].Zip(ms[against], (a, b) => a / b)), limit, ms[against].Count, note: $"base {Interval.OfMedian(ms[against]).Median:F1} ms");
    }

    private static Dictionary<string, List<double>> Measure(Effort effort)
    {
        NativeThreads.Configure(1);
        using var weights = new FrozenWeights(StackShape.Timed[0]);
        // Merging writes into the weights: it gets its own, equal ones.
        using var own = new FrozenWeights(StackShape.Timed[0]);
        using var frozen = new FrozenVariant(weights);
        // Two equal stacks of weights differ by some percent, whatever lies where: each ratio is between two models on the same memory.
        using var frozenOwn = new FrozenVariant(own);
        using var unmerged = new ArenaVariant(Unmerged, weights, new Recipe(), AdapterMethod.AdaLoRA);
        using var merged = new ArenaVariant(Merged, own, new Recipe(), AdapterMethod.AdaLoRA);
        for (int step = 1; step <= 2; step++)
        {
            unmerged.Step(step);
            merged.Step(step);
        }
        merged.Merge();
        RequireEqual(frozen, unmerged, merged);
        return InterleavedRun.Measure("inference", new Dictionary<string, Func<int, double>> { [Base] = n => Time(frozen, n), [MergedBase] = n => Time(frozenOwn, n), [Merged] = n => Time(merged, n), [Unmerged] = n => Time(unmerged, n) }, effort);
    }

    private static double Time(Variant variant, int round)
    {
        long start = Stopwatch.GetTimestamp();
        using (NewDisposeScope()) variant.Predict(round);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Merged and unmerged must compute the same, and not what the base computes.</summary>
    private static void RequireEqual(Variant frozen, Variant unmerged, Variant merged)
    {
        using var scope = NewDisposeScope();
        var (b, u, m) = (frozen.Predict(1), unmerged.Predict(1), merged.Predict(1));
        double learned = (u - b).abs().max().item<float>(), difference = (u - m).abs().max().item<float>();
        if (learned < 1e-4 || difference > 0.05 * learned) throw new InvalidOperationException($"Merged and unmerged outputs differ by {difference:e1}, where training changed them by {learned:e1}.");
    }
}
