using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Study;

/// <summary>How step times grow along one quantity while the others stay.</summary>
/// <param name="quantity">What changes.</param>
/// <param name="points">Its values, each with what to measure.</param>
internal sealed class ScalingStudy(string quantity, IReadOnlyList<(string Value, StepsRequest Request)> points) : BarGroup
{
    private static readonly string[] Compared = [Variant.Frozen, Variant.PeftLoRA, Variant.PeftAdaLoRA, Variant.ArenaLoRA, Variant.ArenaAdaLoRA];

    private static readonly StackShape Middle = new("h256x128", Hidden: 256, Batch: 4, Sequence: 32, Heads: 4);

    public static IReadOnlyList<ScalingStudy> All { get; } =
    [
        new("adapters", [.. new[] { 1, 2, 12, 24, 192 }.Select(layers => At(6 * layers, new StackShape($"h64x16 of {layers} layers", 64, 1, 16, 2, layers)))]),
        new("hidden", [.. new[] { 64, 128, 256, 512, 1024 }.Select(h => At(h, new StackShape($"h{h}x128", h, 4, 32, Math.Max(1, h / 64))))]),
        new("tokens", [.. new[] { 16, 64, 128, 512 }.Select(n => At(n, Middle with { Name = $"h256x{n}", Batch = Math.Max(1, n / 32), Sequence = Math.Min(n, 32) }))]),
        new("rank", [.. new[] { 4, 8, 12, 32, 64 }.Select(r => (Text(r), Request(Middle) with { Recipe = new Recipe { Rank = r, FinalRank = Math.Max(1, r / 3) } }))]),
        new("base", [("float32", Request(Middle)), ("bfloat16", Request(Middle) with { Bfloat16Base = true })]),
        new("threads", [.. ThreadCounts().SelectMany(n => StackShape.Timed.Select(s => ($"{s.Name}, {n} thread(s)", Request(s) with { Threads = n })))]),
    ];

    public override string Name => $"scaling-{quantity}";

    public override bool InQuick => false;

    public override bool RunsOnDevice => quantity != "threads";

    public override IEnumerable<Worker> Workers => [StepsWorker.Worker];

    public override GroupResult Run(RunOptions options)
    {
        var measured = points.Select(p => (p.Value, Steps: StepsWorker.Worker.Run(p.Request with { Device = options.Device, Effort = p.Request.Effort with { Rounds = options.Rounds } }).Result)).ToArray();
        return new GroupResult([],
        [
            new Table($"{Name}: median ratio to the frozen step, and ours to PEFT's form", [quantity, "frozen ms", .. Compared.Skip(1), $"{Variant.ArenaAdaLoRA}/{Variant.PeftAdaLoRA}", "rounds"],
            [
                .. measured.Select(m => (object[])
                [
                    m.Value, m.Steps.Median(Variant.Frozen, s => s.TotalMs), .. Compared.Skip(1).Select(v => (object)m.Steps.Ratio(v, Variant.Frozen).Median), m.Steps.Ratio(Variant.ArenaAdaLoRA, Variant.PeftAdaLoRA).Median, m.Steps.Rounds,
                ]),
            ]),
            .. measured.Select(m => StepTable.Of($"{Name} {m.Value}: medians, {m.Steps.Rounds} rounds", m.Steps)),
        ]);
    }

    private static (string, StepsRequest) At(int value, StackShape shape) => (Text(value), Request(shape));

    private static StepsRequest Request(StackShape shape) => new(shape, Compared, 1, new Effort(Warmup: 3, 20, AtLeast: 7));

    private static string Text(int value) => value.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);

    private static IEnumerable<int> ThreadCounts() => Enumerable.Range(0, 8).Select(i => 1 << i).TakeWhile(n => n < Environment.ProcessorCount).Append(Environment.ProcessorCount);
}
