using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Writes a run into the app's log: as Information when nothing else shows it, as Debug beside the console display, warnings always.</summary>
internal sealed class LoggingObserver(ILoggerFactory loggers) : ITrainingObserver
{
    private readonly ILogger _logger = loggers.CreateLogger("AdaLoRA.Gen.Hosting");
    private LogLevel _level;
    private string _unit = "";
    private string _run = "";

    public void OnStarted(TrainingStarted e)
    {
        _run = e.Name.Length == 0 ? e.Model : e.Name;
        _level = e.Options.Progress == ProgressMode.Off ? LogLevel.Information : LogLevel.Debug;
        _unit = ProgressText.Unit(e.Adapters);
        if (e.ResumedFrom is { } folder) Log.Resuming(_logger, _level, _run, folder);
        if (e.ThreadTimes.Count > 0)
        {
            string times = ProgressText.Times(e.ThreadTimes);
            Log.ThreadsChosen(_logger, _level, _run, e.Threads, times);
        }
        if (e.Estimate is { } estimate)
        {
            string text = ProgressText.Estimate(estimate);
            Log.Estimate(_logger, _level, _run, text);
        }
        Log.Started(_logger, _level, _run, e.Device, e.Threads, e.ThreadsMeasured, e.FirstStep + 1, e.TotalSteps, e.Adapters.Adapters.Count, e.Adapters.TotalRank, e.Adapters.TrainableParameterCount);
    }

    public void OnStep(in StepCompleted e)
    {
        if (e.Loss is not { } loss) return;
        Log.Step(_logger, _level, e.Step, e.TotalSteps, loss, e.LearningRate, e.Budget, _unit, e.SamplesPerSecond);
        if (!double.IsFinite(loss)) Log.LossNotFinite(_logger, e.Step, loss);
    }

    public void OnSkipped(StepSkipped e) => Log.StepSkipped(_logger, e.Step, e.InARow, e.SkippedSteps);

    public void OnCheckpointSkipped(CheckpointSkipped e) => Log.CheckpointSkipped(_logger, e.Folder, e.Reason);

    public void OnNotice(int stepsDone, string text) => Log.Notice(_logger, stepsDone, text);

    public void OnPaused(int stepsDone) => Log.Paused(_logger, LogLevel.Information, stepsDone);

    public void OnContinued(int stepsDone) => Log.Continued(_logger, LogLevel.Information, stepsDone);

    public void OnDryRun(DryRunFinished e)
    {
        string text = ProgressText.DryRun(e);
        Log.DryRun(_logger, e.Options.Progress == ProgressMode.Off ? LogLevel.Information : LogLevel.Debug, text);
    }

    public void OnEvaluated(ModelEvaluated e) => Log.Evaluated(_logger, _level, e.Step, e.Evaluation.Metric, e.Evaluation.Value, e.IsBest);

    public void OnCheckpointed(CheckpointWritten e) => Log.Checkpointed(_logger, _level, e.Step, e.Folder);

    public void OnFinished(TrainingFinished e)
    {
        var r = e.Result;
        Log.Memory(_logger, LogLevel.Debug, _run, r.PeakDeviceBytes, r.PeakProcessBytes);
        if (e.WasComplete) Log.AlreadyComplete(_logger, _level, _run, r.Steps, r.AdapterFolder);
        else if (!r.Interrupted)
        {
            if (r.StoppedEarly is { } reason) Log.StoppedEarly(_logger, LogLevel.Information, _run, r.Steps, r.TotalSteps, reason);
            Log.Finished(_logger, _level, _run, r.Steps, r.Seconds, r.AdapterFolder);
        }
        else Log.Interrupted(_logger, _run, r.Steps, r.TotalSteps, r.Checkpoint);
    }
}
