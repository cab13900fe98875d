using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>Skipped steps that are learnt of late, as on a device, with everything that hangs on the step's number; runs cut anywhere.</summary>
public class LateInEveryKindTests
{
    private static TrainingOptions Options(string folder, Action<TrainingOptions> configure) => Runs.Options(folder, o =>
    {
        (o.EvaluateEvery, o.CheckpointEvery, o.KeepBest, o.Adapter.Dropout, o.LogEvery) = (10, 7, true, 0, 7);
        configure(o);
    });

    public static TheoryData<string, int[]> Kinds()
    {
        var data = new TheoryData<string, int[]>();
        int[][] bads = [[3, 4, 11, 23, 43], [26, 27, 28, 29, 30, 31], [1, 2, 38, 39, 40, 41, 42], [6, 7, 13, 14, 20, 21]];
        foreach (string kind in (string[])["linear", "cosine-warmup", "sgd", "paper", "plus", "keep", "compact", "lora", "compact-paper", "interval1"]) foreach (int[] bad in bads) data.Add(kind, bad);
        return data;
    }

    private static void Configure(TrainingOptions o, string kind)
    {
        switch (kind)
        {
            case "cosine-warmup": (o.Schedule, o.Warmup, o.TrainableLearningRate) = (ScheduleKind.Cosine, 5, 0.003); break;
            case "sgd": (o.Optimizer, o.LearningRate) = (OptimizerKind.Sgd, 0.2); break;
            case "paper": o.Adapter.Fidelity = Fidelity.Paper; break;
            case "plus": o.LoraPlusRatio = 4; break;
            case "keep": (o.WeightDecay, o.DecayLambda) = (0.1, false); break;
            case "compact": (o.Adapter.Compact, o.Adapter.FinalWarmup) = (true, 0.3); break;
            case "compact-paper": (o.Adapter.Compact, o.Adapter.FinalWarmup, o.Adapter.Fidelity) = (true, 0.3, Fidelity.Paper); break;
            case "lora": o.Adapter.Method = AdapterMethod.LoRA; break;
            case "interval1": (o.Adapter.Interval, o.Adapter.InitialWarmup, o.Adapter.FinalWarmup) = (1, 0.1, 0.3); break;
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_late_run_ends_as_one_without_the_bad_batches(string kind, int[] bad)
    {
        using var folder = new TemporaryFolder();
        Recorder recorder = new(), clean = new();
        var without = Runs.RunLate(Options(folder.File("without"), o => Configure(o, kind)), new PoisonedTask(bad) { LeaveOut = true }, clean);
        var with = Runs.RunLate(Options(folder.File("with"), o => Configure(o, kind)), new PoisonedTask(bad), recorder);
        Assert.Equal(Runs.Bytes(without.AdapterFolder), Runs.Bytes(with.AdapterFolder));
        Assert.Equal(Runs.Bytes(without.BestFolder!), Runs.Bytes(with.BestFolder!));
        Assert.Equal(clean.Evaluations.Select(e => (e.Step, e.Evaluation.Value)), recorder.Evaluations.Select(e => (e.Step, e.Evaluation.Value)));
        Assert.Equal(clean.Checkpoints.Select(e => e.Step), recorder.Checkpoints.Select(e => e.Step));
        Assert.Equal(clean.Steps.Select(e => e.Step), recorder.Steps.Select(e => e.Step));
        Assert.Equal(clean.Steps.Where(s => s.Loss is not null).Select(e => e.Loss), recorder.Steps.Where(s => s.Loss is not null).Select(e => e.Loss));
        Assert.Equal(clean.Allocations.Select(e => e.Step), recorder.Allocations.Select(e => e.Step));
        Assert.Equal(bad.Length, recorder.Skipped.Count);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Reported_rates_and_budgets_are_those_of_the_clean_run(string kind, int[] bad)
    {
        using var folder = new TemporaryFolder();
        Recorder recorder = new(), clean = new();
        Runs.RunLate(Options(folder.File("without"), o => Configure(o, kind)), new PoisonedTask(bad) { LeaveOut = true }, clean);
        Runs.RunLate(Options(folder.File("with"), o => Configure(o, kind)), new PoisonedTask(bad), recorder);
        Assert.Equal(clean.Steps.Select(s => (s.Step, s.LearningRate, s.Budget)), recorder.Steps.Select(s => (s.Step, s.LearningRate, s.Budget)));
    }

    [Fact]
    public void A_run_cut_anywhere_is_the_run_that_never_stopped()
    {
        using var folder = new TemporaryFolder();
        int[] bad = [3, 4, 11, 23, 43];
        var whole = Runs.Run(Options(folder.File("whole"), o => Configure(o, "compact")), new PoisonedTask(bad));
        for (int cut = 1; cut < 40; cut += 3)
        {
            string name = $"cut{cut}";
            Runs.RunUntil(cut, Options(folder.File(name), o => Configure(o, "compact")), new PoisonedTask(bad));
            Runs.RunUntil(Math.Min(39, cut + 2), Options(folder.File(name), o => { Configure(o, "compact"); o.Resume = true; }), new PoisonedTask(bad));
            var resumed = Runs.Run(Options(folder.File(name), o => { Configure(o, "compact"); o.Resume = true; }), new PoisonedTask(bad));
            Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
            Assert.Equal(Runs.Bytes(whole.BestFolder!), Runs.Bytes(resumed.BestFolder!));
            Assert.Equal(whole.Evaluations.Select(e => (e.Step, e.Evaluation.Value)), resumed.Evaluations.Select(e => (e.Step, e.Evaluation.Value)));
            Assert.Equal(whole.SkippedSteps, resumed.SkippedSteps);
        }
    }
}
