using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks.Serving;

/// <summary>
/// What a thousand open event streams of the dashboard, a hundred of which never read, cost the training in the same process: a step on one thread with them ÷ without, in turns, and memory.
/// </summary>
internal sealed class SubscriberBars : BarGroup
{
    private const double StepLimit = 1.1, StreamsLimitMB = 100, GrowthLimitMB = 8;

    public override string Name => "subscribers";

    public override double QuickSeconds => 30;

    public override IReadOnlyList<string> Bars => [Bar("step with 1,000 / without"), Bar("processor time with 1,000 / without"), Bar("memory of 1,000 streams"), Bar("memory while 100 never read")];

    public override IEnumerable<Worker> Workers => [SubscriberRun.Worker, SubscriberClient.Worker];

    public override GroupResult Run(RunOptions options)
    {
        var plan = options.Quick
            ? new SubscriberPlan(options.Rounds ?? 6, 1.2, 5)
            : new SubscriberPlan(options.Rounds ?? 24, 4, 40);
        var sample = SubscriberRun.Worker.Run(plan).Result;
        if (sample.Failure is { } failure) return new GroupResult([.. Bars.Select(b => Verdict.Failed(b, failure))], []);
        double step = Interval.OfMedian(sample.StepMs).Median;
        var processor = Verdict.AtMost(Bars[1], Interval.OfMedian(sample.OnOneCore), StepLimit, sample.OnOneCore.Length, "ratio", $"the server took {sample.ServerCores * 100:F1} % of a core, and is counted as if the training had to wait for it");
        return new GroupResult(
        [
            Verdict.AtMost(Bars[0], Interval.OfMedian(sample.Ratios), StepLimit, sample.Ratios.Length, "ratio", $"of {step:F2} ms, a loss told every step; the readers got {sample.BytesPerSecond / 1e6:F1} MB/s"),
            sample.OnOneCore.Length > 0 ? processor : processor.Skipped("this system does not tell a thread's processor time"),
            Verdict.AtMost(Bars[2], new Interval(sample.StreamsMB, sample.StreamsMB, sample.StreamsMB), StreamsLimitMB, 1, "MB"),
            Verdict.AtMost(Bars[3], new Interval(sample.GrowthMB, sample.GrowthMB, sample.GrowthMB), GrowthLimitMB, 1, "MB more", $"after {plan.HoldSeconds / 2:F0} s"),
        ], []);
    }
}
