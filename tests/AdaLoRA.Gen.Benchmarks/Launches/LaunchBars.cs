using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Launches;

/// <summary>
/// The tail alone, on an arena without a model: calls of ATen at 6, 72 and 1,152 adapters, which must be the same, and what an allocation of 864 triplets costs each tail. On the CPU, where they can be
/// counted; a device gets the same calls less the conversions that only the CPU makes.
/// </summary>
internal sealed class LaunchBars : BarGroup
{
    private const double LimitMs = 1;

    private static readonly int[] Adapters = [6, 72, 1_152];

    private static readonly Worker<int, LaunchFigures> Figures = new("launches", Measure);

    public override string Name => "launches";

    public override double QuickSeconds => 8;

    public override IReadOnlyList<string> Bars =>
    [
        Bar("of a step, 1,152 adapters less 6"), Bar("of a step that allocates, 1,152 adapters less 6"), Bar("of a step, two row lengths"), Bar("host reads of a step that allocates"),
        Bar("allocation of 864 triplets, SIMD tail"), Bar("allocation of 864 triplets, ATen tail"),
    ];

    public override IEnumerable<Worker> Workers => [Figures];

    public override GroupResult Run(RunOptions options)
    {
        var figures = Figures.Run(options.Quick ? 200 : 600).Result;
        var verdicts = new List<Verdict>();
        if (figures.Counts.Length > 0)
        {
            verdicts.AddRange(
            [
                Count(0, Spread(figures.Counts, c => c.Step), 0),
                Count(1, Spread(figures.Counts, c => c.WithAllocation), 0),
                // 15·D + 20 for D row lengths, as the design promises; as many again on the CPU, which converts.
                Count(2, figures.Counts[0].Step, 50),
                Count(3, figures.Reads, 0),
            ]);
        }
        else
        {
            verdicts.AddRange(Enumerable.Range(0, 4).Select(i => Count(i, 0, 0).Skipped(AtenCalls.WhyUnavailable() ?? "")));
        }
        verdicts.Add(Verdict.AtMost(Bars[4], Interval.OfMedian(figures.Simd.Ms), LimitMs, figures.Simd.Ms.Length, "ms", $"{figures.Simd.ManagedBytes} B of garbage"));
        verdicts.Add(Verdict.AtMost(Bars[5], Interval.OfMedian(figures.Aten.Ms), LimitMs, figures.Aten.Ms.Length, "ms", $"{figures.Aten.ManagedBytes} B of garbage"));
        return new GroupResult(verdicts, [new Table($"{Name} of a step of the ATen tail", ["adapters", "AdamW", "step", "step that allocates"],
            [.. figures.Counts.Select((c, i) => new object[] { Adapters[i % Adapters.Length], i < Adapters.Length ? "libtorch's" : "formula", c.Step, c.WithAllocation })])]);
    }

    private Verdict Count(int bar, double value, double limit) => Verdict.AtMost(Bars[bar], new Interval(value, value, value), limit, 1, "calls");

    /// <summary>Largest less smallest over the adapters; of the two forms of AdamW, the one where that is more.</summary>
    private static long Spread(TailLaunches[] counts, Func<TailLaunches, long> of) => counts.Chunk(Adapters.Length).Max(form => form.Max(of) - form.Min(of));

    private static LaunchFigures Measure(int rounds)
    {
        NativeThreads.Configure(1);
        TailLaunches[] counts = [];
        long reads = 0;
        if (AtenCalls.WhyUnavailable() is null)
        {
            counts = [.. new[] { true, false }.SelectMany(fused => Adapters.Select(n => TailLaunches.Of(n, late: true, fused)))];
            reads = TailLaunches.ReadsOf(72);
        }
        return new LaunchFigures(counts, reads, AllocationCost.Of(rounds, (a, s, t, r) => new SimdTail(a, s, t, r)), AllocationCost.Of(rounds, (a, s, t, r) => new AtenTail(a, s, t, r)));
    }

    private sealed record LaunchFigures(TailLaunches[] Counts, long Reads, AllocationCost Simd, AllocationCost Aten);
}
