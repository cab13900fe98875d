using AdaLoRA.Gen.Benchmarks.Launches;
using AdaLoRA.Gen.Benchmarks.Serving;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Study;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Everything that is measured, in the order of the report.</summary>
internal static class BarGroups
{
    public static IReadOnlyList<BarGroup> All { get; } =
    [
        .. StackShape.Timed.Select(shape => new StepBars(shape, threads: 1)),
        .. StackShape.Timed.Select(shape => new StepBars(shape, threads: 2)),
        new AllocationBars(),
        new LaunchBars(),
        new LeakBars(),
        new MemoryBars(),
        new MiniLmBars(),
        .. StackShape.Timed.Take(2).Select(shape => new CompactionBars(shape)),
        new InferenceBars(),
        new Int8Bars(),
        new SubscriberBars(),
        new LoadBars(large: false),
        new LoadBars(large: true),
        new CallStudy(),
        .. ScalingStudy.All,
    ];

    public static IEnumerable<Worker> Workers => All.SelectMany(g => g.Workers).Append(Session.Gate);
}
