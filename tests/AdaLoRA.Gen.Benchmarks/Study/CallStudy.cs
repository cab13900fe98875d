using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Study;

/// <summary>Calls of ATen in a step of each variant at 6 and 72 adapters, and what one allocation adds. They depend on the number of layers, not on their size.</summary>
internal sealed class CallStudy : BarGroup
{
    private static readonly int[] LayerCounts = [1, 12];

    private static readonly Worker<string, Calls[]> Counting = new("calls", Count);

    public override string Name => "calls";

    public override bool InQuick => false;

    public override bool IsTimed => false;

    public override bool RunsOnDevice => true;

    public override IEnumerable<Worker> Workers => [Counting];

    public override GroupResult Run(RunOptions options)
    {
        var counts = Counting.Run(options.Device).Result;
        string? reason = counts.Length == 0 ? AtenCalls.WhyUnavailable() : null;
        return new GroupResult([], [new Table($"{Name} of ATen in a step{(reason is null ? "" : $": {reason}")}", ["variant", "adapters", "records", "launches", "launches with an allocation"],
            [.. counts.Select(c => new object[] { c.Variant, c.Adapters, c.Step.Total, c.Step.Launches, c.Allocation.Launches })])]);
    }

    private static Calls[] Count(string device)
    {
        NativeThreads.Configure(1);
        if (AtenCalls.WhyUnavailable() is not null) return [];
        return [.. LayerCounts.SelectMany(layers => Count(StackShape.Timed[^1] with { Layers = layers }, device))];
    }

    private static IEnumerable<Calls> Count(StackShape shape, string device)
    {
        using var weights = new FrozenWeights(shape, TorchSharp.torch.device(device));
        // Short enough for the budget to have fallen when step 20 allocates.
        var recipe = new Recipe { TotalSteps = 40 };
        foreach (string name in Variant.Names)
        {
            using var variant = Variant.Create(name, weights, recipe);
            for (int step = 1; step <= 18; step++) variant.Step(step);
            yield return new Calls(name, shape.Targets, Sum(AtenCalls.Count(() => variant.Step(19))), Sum(AtenCalls.Count(() => variant.Step(20))));
        }
    }

    private static CallSums Sum(AtenCallCounts counts) => new(counts.Total, counts.Launches);

    private sealed record Calls(string Variant, int Adapters, CallSums Step, CallSums Allocation);

    private sealed record CallSums(long Total, long Launches);
}
