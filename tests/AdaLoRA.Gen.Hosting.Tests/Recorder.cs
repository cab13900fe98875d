namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Notes every event.</summary>
internal sealed class Recorder : ITrainingObserver
{
    public List<StepCompleted> Steps { get; } = [];

    public List<StepSkipped> Skipped { get; } = [];

    public List<CheckpointSkipped> CheckpointsSkipped { get; } = [];

    public List<RanksAllocated> Allocations { get; } = [];

    public List<ModelEvaluated> Evaluations { get; } = [];

    public List<CheckpointWritten> Checkpoints { get; } = [];

    public TrainingStarted? Started { get; private set; }

    public TrainingFinished? Finished { get; private set; }

    public Exception? Error { get; private set; }

    public void OnStarted(TrainingStarted e) => Started = e;

    public void OnStep(in StepCompleted e) => Steps.Add(e);

    public void OnSkipped(StepSkipped e) => Skipped.Add(e);

    public void OnCheckpointSkipped(CheckpointSkipped e) => CheckpointsSkipped.Add(e);

    public void OnRanksAllocated(RanksAllocated e) => Allocations.Add(e);

    public void OnEvaluated(ModelEvaluated e) => Evaluations.Add(e);

    public void OnCheckpointed(CheckpointWritten e) => Checkpoints.Add(e);

    public void OnFinished(TrainingFinished e) => Finished = e;

    public void OnFailed(Exception exception) => Error = exception;
}
