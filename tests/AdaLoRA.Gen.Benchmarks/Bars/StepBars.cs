using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Ratios of step times at one shape and thread count; at one thread also the share of the update and the garbage of a step.</summary>
internal sealed class StepBars(StackShape shape, int threads) : BarGroup
{
    private const string Ours = Variant.ArenaAdaLoRA;

    /// <summary>Largest ratios of ours to another variant: h768x128, h128x128, h128x16.</summary>
    private static readonly (int Threads, string Against, double[] Limits)[] Limits =
    [
        (1, Variant.PeftAdaLoRA, [0.90, 0.50, 0.32]),
        (1, Variant.PeftLoRA, [1.00, 0.72, 0.64]),
        (1, Variant.ArenaLoRA, [1.03, 1.05, 1.06]),
        (1, Variant.Frozen, [1.10, 1.42, 1.52]),
        (2, Variant.PeftAdaLoRA, [0.70, 0.45, 0.42]),
        (2, Variant.PeftLoRA, [0.90, 0.75, 0.72]),
    ];

    private const double TailShare = 0.01, GarbageKB = 40;

    private static readonly StackShape Large = StackShape.Timed[0], Small = StackShape.Timed[^1];

    public override string Name => $"{shape.Name}-{threads}t";

    public override double QuickSeconds => shape == Large ? (threads == 1 ? 50 : 24) : 12;

    public override IReadOnlyList<string> Bars => [.. Ratios.Select(r => r.Name), .. HasTail ? [TailBar] : Array.Empty<string>(), .. HasGarbage ? [GarbageBar] : Array.Empty<string>()];

    public override bool RunsOnDevice => threads == 1;

    public override IEnumerable<Worker> Workers => [StepsWorker.Worker];

    private IEnumerable<(string Name, string Against, double Limit)> Ratios =>
        Limits.Where(l => l.Threads == threads).Select(l => (Bar($"{Ours}/{l.Against}"), l.Against, l.Limits[StackShape.Timed.IndexOf(shape)]));

    private string TailBar => Bar("update/step");

    private string GarbageBar => Bar("managed garbage a step");

    private bool HasTail => threads == 1 && shape == Large;

    private bool HasGarbage => threads == 1 && shape == Small;

    public override GroupResult Run(RunOptions options)
    {
        var wanted = Ratios.Where(r => options.Wants(r.Name) || options.Wants(Name)).ToArray();
        if (threads > Environment.ProcessorCount)
        {
            string reason = $"{threads} threads need {threads} cores; this machine has {Environment.ProcessorCount}";
            return new GroupResult([.. wanted.Select(r => Verdict.AtMost(r.Name, default, r.Limit, 0).Skipped(reason))], []);
        }
        string[] variants = [.. Variant.Names.Where(name => name == Ours || wanted.Any(r => r.Against == name))];
        var steps = StepsWorker.Worker.Run(new StepsRequest(shape, variants, threads, Effort(options)) { Device = options.Device }).Result;
        var verdicts = wanted.Select(r => Verdict.AtMost(r.Name, steps.Ratio(Ours, r.Against), r.Limit, steps.Rounds)).ToList();
        var ours = steps.Samples[Ours];
        // On a device the host only launches the update: its share says nothing there.
        if (HasTail && options.OnCpu) verdicts.Add(Verdict.AtMost(TailBar, Interval.OfMedian(ours.Select(s => s.UpdateMs / s.TotalMs)), TailShare, steps.Rounds));
        // The mean, so that allocation steps count.
        if (HasGarbage && options.OnCpu) verdicts.Add(Verdict.AtMost(GarbageBar, Interval.Mean(ours.Select(s => s.ManagedBytes / 1024.0)), GarbageKB, steps.Rounds, "KB"));
        return new GroupResult(verdicts, [StepTable.Of($"{Name}: hidden {shape.Hidden}, {shape.Tokens} tokens, {shape.Targets} adapters, {threads} thread(s), {steps.Rounds} rounds; medians", steps)]);
    }

    // A round of the large shape takes seconds, one of the small shapes a tenth: the large one gets more time for fewer rounds.
    private Effort Effort(RunOptions options) => shape == Large
        ? options.Effort(warmup: 2, quick: threads == 1 ? 40 : 18, full: 240, atLeast: 7)
        : options.Effort(warmup: 10, quick: 9, full: 60, atLeast: 30);
}
