using AdaLoRA.Gen.Hosting;
using static AdaLoRA.Gen.Reports.Tests.Histories;

namespace AdaLoRA.Gen.Reports.Tests;

/// <summary>Runs at the edges, by name.</summary>
internal static class EdgeCases
{
    public const string Payload = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;<![CDATA[ ]]>\u0000\u001b\ud800 λ 日本 😀 \u202e";

    public static IReadOnlyDictionary<string, Func<RunHistory>> All { get; } = new Dictionary<string, Func<RunHistory>>
    {
        ["whole"] = Whole,
        ["no loss yet"] = () => Of(Start()),
        ["one loss"] = () => Of(Start(), Loss(10, 1.5)),
        ["failed at step 0"] = () => Of(Start(), Ranks(Start(), 0, t => t.InitialRank), End(RunState.Failed, 0, "AdaLoRAException: no data")),
        ["failed without a reason"] = () => Of(Start(), End(RunState.Failed, 0)),
        ["interrupted"] = () => Of(Start(), Loss(10, 2), Loss(20, 1), End(RunState.Interrupted, 20)),
        ["losses that are no numbers"] = () => Of(Start(), Loss(10, double.NaN), Loss(20, 1), Loss(30, double.PositiveInfinity), Loss(40, double.NegativeInfinity), Loss(50, 2), Evaluation(50, double.NaN)),
        ["nothing but NaN"] = () => Of(Start(), Loss(10, double.NaN), Loss(20, double.NaN), Evaluation(20, double.NaN)),
        ["plain LoRA"] = () => Of(Plain(), Ranks(Plain(), 0, t => t.InitialRank) with { Importances = null }, Loss(10, 1), End(RunState.Finished, 100)),
        ["resumed"] = () => Of(Start(), Loss(10, 2), Loss(40, 1.5), End(RunState.Interrupted, 40), Start(at: 40, resumedFrom: "/out/checkpoints/step-40"), Loss(60, 1), Start(at: 60, resumedFrom: "/out/checkpoints/step-60"), Loss(100, 0.5), End(RunState.Finished, 100)),
        ["one target"] = () => Of(Start([new RunTarget("head", "head", -1, 8, 8, 1)]), Ranks(Start([new RunTarget("head", "head", -1, 8, 8, 1)]), 5, _ => 1), Loss(10, 1)),
        ["no target"] = () => Of(Start([]), Loss(10, 1)),
        ["500 targets in one row"] = () => Many(i => new RunTarget($"model.layers.{i}.attention", "model.layers.*.attention", i, 4096, 4096, 16)),
        ["500 targets in one column"] = () => Many(i => new RunTarget(Long(i), Long(i), -1, 4096, 4096, 16)),
        ["500 targets in a block"] = () => Many(i => new RunTarget($"{Long(i % 8)}.{i / 8}", $"{Long(i % 8)}.*", i / 8, 4096, 4096, 64)),
        ["payloads"] = () => Poisoned(),
        ["budget in parameters"] = () => Of(Start(budget: new RunBudget(76_900, 19_225, 10, 40, 1, "parameters")), Ranks(Start(), 10, t => 2), Loss(10, 1)),
        ["a budget that cannot be"] = () => Of(Start(budget: new RunBudget(100, 25, 80, 80, 0, "triplets")), Ranks(Start(), 10, t => 2), Loss(10, 1)),
        ["negative metric"] = () => Of(Start(), Evaluation(10, -5.25, "log-likelihood"), Evaluation(20, -3.125, "log-likelihood"), Loss(20, -1.5), Loss(30, -2)),
        ["constant"] = () => Of(Start(), Evaluation(10, 0), Evaluation(20, 0), Loss(10, 0.5), Loss(20, 0.5), Loss(30, 0.5)),
        ["huge T"] = () => Of(Start(steps: int.MaxValue), Loss(1_000_000_000, 1), Loss(2_000_000_000, 0.5), End(RunState.Interrupted, 2_000_000_000)),
        ["huge and tiny values"] = () => Of(Start(), Loss(10, 1e300), Loss(20, -1e300), Loss(30, double.MaxValue), Evaluation(30, double.Epsilon), Evaluation(40, 1e-300), Evaluation(50, 4e-300)),
        ["ratios"] = () => Of(Start(), Loss(10, 5e4), Loss(20, 12), Loss(30, 1e-3)),
        ["thinned"] = () => Of([Start(), .. Enumerable.Range(1, 20_000).Select(i => Loss(i, 2 + Math.Sin(i))), .. Enumerable.Range(1, 3000).Select(i => new CheckpointRead { Step = i, Folder = $"c{i}" })]),
        ["ranks of another model"] = () => Of(Start(), new RanksRead { Step = 5, Budget = 5, Ranks = [1, 2, 3] }, Loss(10, 1)),
        ["importances of zero"] = () => Of(Start(), Ranks(Start(), 5, t => 2) with { Importances = [0, 0, 0] }, Ranks(Start(), 6, t => 1) with { Importances = [float.NaN, 1, 0] }, Loss(10, 1)),
        ["device memory"] = () => Of(Start() with { Device = "cuda:0" }, Loss(10, 1) with { DeviceBytes = 5_000_000_000 }, Loss(20, 1) with { DeviceBytes = 6_000_000_000, ProcessBytes = null }),
        ["clock went back"] = () => Of(Start() with { Time = Noon }, Loss(10, 1) with { Time = Noon.AddHours(-3) }),
    };

    private static RunStarted Plain() => Start() with { Budget = null };

    private static string Long(int i) => $"model.{string.Concat(Enumerable.Repeat("a_rather_long_segment.", 6))}projection_{(char)('a' + i % 26)}{i}";

    private static RunHistory Many(Func<int, RunTarget> target)
    {
        var start = Start([.. Enumerable.Range(0, 500).Select(target)]);
        return Of(start, Ranks(start, 0, t => t.InitialRank), Ranks(start, 10, t => t.Path.Length % t.InitialRank), Ranks(start, 20, t => Math.Max(0, t.Index) % 5), Loss(10, 1));
    }

    private static RunHistory Poisoned()
    {
        var start = Start([new RunTarget(Payload, Payload, -1, 8, 8, 2), new RunTarget(Payload + ".1", Payload + ".*", 1, 8, 8, 2)]) with
        {
            Run = Payload,
            Name = Payload,
            Model = Payload,
            Device = Payload,
            OutputFolder = Payload,
            ResumedFrom = Payload,
            Options = new Dictionary<string, string> { [Payload] = Payload, ["Adapter:Targets"] = Payload, ["OutputFolder"] = Payload },
            Card = new Dictionary<string, string> { [Payload] = Payload },
            Versions = new Dictionary<string, string> { [Payload] = Payload },
            Budget = new RunBudget(4, 2, 1, 1, 1, Payload),
        };
        return Of(start, Ranks(start, 0, _ => 2), Ranks(start, 5, _ => 1), Loss(10, 1), Loss(20, 0.5),
            Evaluation(20, 0.5, Payload) with { Further = new Dictionary<string, double> { [Payload + "2"] = 1 } },
            new RunNotice { Step = 20, Text = Payload }, new CheckpointRead { Step = 20, Folder = Payload }, End(RunState.Failed, 20, Payload));
    }
}
