using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>The final phase at mean rank 4 of 12: steps after <c>Compact()</c> against steps that only mask.</summary>
internal sealed class CompactionBars(StackShape shape) : BarGroup
{
    private const string Compacted = "compacted", Masked = "masked";
    private const double Limit = 0.98;

    private static readonly Worker<StepsRequest, Measurement> Steps = new("compaction", Measure);

    /// <summary>The shortest schedule: four allocations, and the rest of a long run is the final phase.</summary>
    private static readonly Recipe Recipe = new() { FinalWarmup = new Recipe().TotalSteps - 4, Interval = 1 };

    public override string Name => $"compaction-{shape.Name}";

    public override double QuickSeconds => shape == StackShape.Timed[0] ? 28 : 9;

    public override IReadOnlyList<string> Bars => [Bar("compacted/masked")];

    public override IEnumerable<Worker> Workers => [Steps];

    public override GroupResult Run(RunOptions options)
    {
        bool large = shape == StackShape.Timed[0];
        var steps = Steps.Run(new StepsRequest(shape, [Compacted, Masked], 1, options.Effort(warmup: 2, quick: large ? 18 : 5, full: large ? 150 : 40, atLeast: large ? 9 : 30)) { Recipe = Recipe }).Result;
        return new GroupResult([Verdict.AtMost(Bars[0], steps.Ratio(Compacted, Masked), Limit, steps.Rounds)],
            [StepTable.Of($"{Name}: {shape.Targets} adapters, mean rank {Recipe.FinalRank} of {Recipe.Rank}, final phase", steps)]);
    }

    private static Measurement Measure(StepsRequest request)
    {
        NativeThreads.Configure(request.Threads);
        using var weights = new FrozenWeights(request.Shape);
        using var compacted = new ArenaVariant(Compacted, weights, request.Recipe, AdapterMethod.AdaLoRA);
        using var masked = new ArenaVariant(Masked, weights, request.Recipe, AdapterMethod.AdaLoRA);
        int first = 6;
        for (int step = 1; step < first; step++)
        {
            compacted.Step(step);
            masked.Step(step);
        }
        compacted.Compact();
        // Neither may have lost another number of triplets.
        int kept = compacted.Ranks().Sum(), expected = request.Recipe.FinalRank * request.Shape.Targets;
        if (kept != expected || masked.Ranks().Sum() != expected) throw new InvalidOperationException($"The final phase keeps {kept} and {masked.Ranks().Sum()} triplets instead of {expected}.");
        return new Measurement(InterleavedRun.Measure($"compaction {request.Shape.Name}", new Dictionary<string, Func<int, StepSample>> { [Compacted] = compacted.Step, [Masked] = masked.Step }, request.Effort, first));
    }
}
