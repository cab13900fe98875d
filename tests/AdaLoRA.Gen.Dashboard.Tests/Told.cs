namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>Events as a run tells them, without one.</summary>
internal static class Told
{
    public static TrainingRun Run(string name = "tiny", string model = "TinyModel") => new(name, model);

    public static RunStarted Started(string name = "tiny", string run = "20260101-120000-0001", string folder = "out", int step = 0, int process = 1 << 30) => new()
    {
        Run = run,
        Name = name,
        Model = "TinyModel",
        Step = step,
        TotalSteps = 100,
        BatchesPerEpoch = 10,
        Device = "cpu",
        Threads = 1,
        Targets = [new RunTarget("layers.0", "layers.*", 0, 8, 8, 4)],
        Budget = new RunBudget(4, 2, 0, 0, 1, "triplets"),
        OutputFolder = Path.GetFullPath(folder),
        Options = new Dictionary<string, string>(),
        Card = new Dictionary<string, string>(),
        Versions = new Dictionary<string, string>(),
        ProcessId = process,
        Time = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero),
    };

    public static LossRead Loss(int step, double loss = 0.5) => new() { Step = step, Loss = loss, Epoch = 1, LearningRate = 1e-3, Budget = 4, Time = new DateTimeOffset(2026, 1, 1, 12, 0, step % 60, TimeSpan.Zero) };

    public static EvaluationRead Evaluation(int step, double value, bool isBest) => new() { Step = step, Metric = "accuracy", Value = value, HigherIsBetter = true, IsBest = isBest, Further = new Dictionary<string, double>() };

    public static RunEnded Ended(int step, RunState state = RunState.Finished) => new() { Step = step, State = state };

    /// <summary>A run that trains, with losses of steps 1 to n: events 1 to n + 1.</summary>
    public static TrainingRun Training(int losses, string name = "tiny", string folder = "out")
    {
        var run = Run(name);
        run.Tell(Started(name, folder: folder));
        run.Enter(RunState.Training);
        Losses(run, 1, losses);
        return run;
    }

    public static void Losses(TrainingRun run, int from, int to)
    {
        for (int step = from; step <= to; step++) run.Tell(Loss(step));
    }

    /// <summary>Writes a run's file.</summary>
    public static string File(string folder, string run, params TrainingEvent[] events)
    {
        using var log = new RunLog(folder, run);
        foreach (var e in events) log.Write(e);
        return RunLog.PathOf(folder, run);
    }
}
