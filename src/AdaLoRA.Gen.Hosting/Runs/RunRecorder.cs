using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Native;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Turns what observers hear into events: tells them to the run's readers and writes them to its log. The last of the observers, so that what these change is seen.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The trainer closes it at the end of the run.")]
internal sealed class RunRecorder(TrainingRun run, Func<IReadOnlyDictionary<string, string>> card) : ITrainingObserver
{
    private const int MostImportances = 256;
    private static readonly TimeSpan BetweenRanks = TimeSpan.FromMilliseconds(100);

    private RunLog? _log;
    private AdapterSet? _adapters;
    private int[] _ranks = [];
    private long _ranksTold;
    private RanksAllocated? _pending;

    /// <summary>Tells all observers, this one among them.</summary>
    public Action<int, string> Notify { get; set; } = (_, _) => { };

    /// <summary>Identity of the run under way; set before <see cref="OnStarted"/>.</summary>
    public string Run { get; set; } = "";

    public void OnStarted(TrainingStarted e)
    {
        _adapters = e.Adapters;
        if (e.Options.RunLog) Open(e.Options.OutputFolder);
        Tell(new RunStarted
        {
            Run = Run,
            Name = run.Name,
            Model = e.Model,
            Step = e.FirstStep,
            TotalSteps = e.TotalSteps,
            BatchesPerEpoch = e.BatchesPerEpoch,
            Device = e.Device,
            Threads = e.Threads,
            Targets = [.. e.Adapters.Adapters.Select(Target)],
            Budget = Budget(e.Adapters),
            TrainedParameters = e.Adapters.TrainableParameterCount,
            OutputFolder = Path.GetFullPath(e.Options.OutputFolder),
            ResumedFrom = e.ResumedFrom,
            Options = OptionsTable.Paths.ToDictionary(p => p, p => OptionsTable.Read(e.Options, p)),
            Card = card(),
            Versions = Versions(),
            Estimate = e.Estimate,
            ProcessId = Environment.ProcessId,
        });
        TellRanks(e.FirstStep, e.Adapters.Optimizer?.Budget ?? 0);
        run.Pulse.Begin(run.Time.GetTimestamp());
        run.Enter(RunState.Training);
    }

    public void OnStep(in StepCompleted e)
    {
        run.Pulse.Step(e.Step, run.Time.GetTimestamp());
        if (e.Loss is not { } loss) return;
        Tell(new LossRead
        {
            Step = e.Step,
            Loss = loss,
            Epoch = e.Epoch,
            LearningRate = e.LearningRate,
            Budget = e.Budget,
            GradientNorm = e.GradientNorm ?? double.NaN,
            Regulariser = e.Regulariser ?? double.NaN,
            SamplesPerSecond = e.SamplesPerSecond,
            RemainingSeconds = e.Remaining.TotalSeconds,
            SkippedSteps = e.SkippedSteps,
            ProcessBytes = Environment.WorkingSet,
            DeviceBytes = e.DeviceBytes,
        });
        TellPendingRanks();
    }

    public void OnRanksAllocated(RanksAllocated e)
    {
        _pending = e;
        if (run.Time.GetElapsedTime(_ranksTold) >= BetweenRanks) TellPendingRanks();
    }

    public void OnEvaluated(ModelEvaluated e)
    {
        run.Pulse.Evaluation(e.Seconds, run.Time.GetTimestamp());
        TellPendingRanks();
        Tell(new EvaluationRead { Step = e.Step, Metric = e.Evaluation.Metric, Value = e.Evaluation.Value, HigherIsBetter = e.Evaluation.HigherIsBetter, IsBest = e.IsBest, Further = e.Evaluation.Further, Seconds = e.Seconds });
    }

    public void OnCheckpointed(CheckpointWritten e) => Tell(new CheckpointRead { Step = e.Step, Folder = e.Folder, Interrupted = e.Interrupted });

    public void OnSkipped(StepSkipped e)
    {
        run.Pulse.Skip(e.InARow);
        Tell(new RunNotice { Step = e.Step, Text = $"A step was skipped, since a gradient was not finite ({e.InARow} in a row, {e.SkippedSteps} in all)." });
    }

    public void OnCheckpointSkipped(CheckpointSkipped e) => Tell(new RunNotice { Step = run.History.Started?.Step ?? 0, Text = e.Reason });

    public void OnNotice(int stepsDone, string text) => Tell(new RunNotice { Step = stepsDone, Text = text });

    public void OnPaused(int stepsDone)
    {
        run.Enter(RunState.Paused);
        Tell(new RunPaused { Step = stepsDone });
    }

    public void OnContinued(int stepsDone)
    {
        run.Pulse.Begin(run.Time.GetTimestamp());
        run.Enter(RunState.Training);
        Tell(new RunContinued { Step = stepsDone });
    }

    public void OnFinished(TrainingFinished e)
    {
        TellPendingRanks();
        if (e.Result.StoppedEarly is { } reason && !e.WasComplete) Tell(new RunNotice { Step = e.Result.Steps, Text = $"The run stopped early: {reason}." });
        Tell(new RunEnded { Step = e.Result.Steps, State = e.Result.Interrupted ? RunState.Interrupted : RunState.Finished, Result = e.Result });
    }

    // Without a start there is no log: a dry run writes nothing.
    public void OnDryRun(DryRunFinished e)
    {
        Tell(new RunNotice { Text = ProgressText.DryRun(e) });
        Tell(new RunEnded { State = RunState.Finished, Result = e.Result });
    }

    public void OnFailed(Exception exception) => Tell(TrainingRun.Failure(LastStep(), exception));

    /// <summary>Closes the log.</summary>
    public void Close()
    {
        _log?.Dispose();
        _log = null;
    }

    private void Tell(TrainingEvent e)
    {
        if (run.HasEnded) return;
        e = run.Tell(e);
        try
        {
            _log?.Write(e);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            GiveUpLog(failure);
        }
    }

    // A disk that is full costs the log, not the run.
    private void Open(string folder)
    {
        try
        {
            _log = new RunLog(folder, Run);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            GiveUpLog(failure);
        }
    }

    private void GiveUpLog(Exception failure)
    {
        Close();
        Notify(LastStep(), $"The run's log cannot be written and ends here: {failure.Message}");
    }

    private int LastStep() => run.History.Events is [.., var last] ? last.Step : 0;

    private void TellPendingRanks()
    {
        if (_pending is not { } e) return;
        _pending = null;
        TellRanks(e.Step, e.Budget);
    }

    private void TellRanks(int step, long budget)
    {
        int[] ranks = [.. _adapters!.Adapters.Select(a => a.Rank)];
        if (ranks.AsSpan().SequenceEqual(_ranks)) return;
        (_ranks, _ranksTold) = (ranks, run.Time.GetTimestamp());
        Tell(new RanksRead { Step = step, Budget = budget, Ranks = ranks, Importances = Importances() });
    }

    private float[]? Importances()
    {
        if (_adapters!.Optimizer?.ReadImportances() is not { Length: > 0 } all) return null;
        Array.Sort(all, (a, b) => b.CompareTo(a));
        if (all.Length <= MostImportances) return all;
        float[] some = new float[MostImportances];
        for (int i = 0; i < some.Length; i++) some[i] = all[(int)((long)i * (all.Length - 1) / (some.Length - 1))];
        return some;
    }

    private static RunTarget Target(Adapter a)
    {
        var (kind, index) = RankMap.Split(a.Path);
        return new RunTarget(a.Path, kind, index, a.InFeatures, a.OutFeatures, a.InitialRank);
    }

    private static RunBudget? Budget(AdapterSet adapters) => adapters.Optimizer?.Schedule is not { } s ? null
        : new RunBudget(s.InitialBudget, s.FinalBudget, s.InitialWarmupSteps, s.FinalWarmupSteps, s.Interval, adapters.Options.BudgetUnit == BudgetUnit.Parameters ? "parameters" : "triplets");

    private static Dictionary<string, string> Versions() => new()
    {
        ["AdaLoRA.Gen"] = Version(typeof(AdaLoRAOptimizer)),
        ["TorchSharp"] = Version(typeof(torch)),
        ["libtorch"] = NativeBackend.Check().LibtorchVersion?.ToString() ?? "?",
        [".NET"] = Environment.Version.ToString(),
        ["system"] = RuntimeInformation.OSDescription,
    };

    private static string Version(Type type) => type.Assembly.GetName().Version?.ToString() ?? "?";
}
