namespace AdaLoRA.Gen.Hosting;

/// <summary>Hands every event to all observers in order.</summary>
internal sealed class ObserverList(IEnumerable<ITrainingObserver> observers) : ITrainingObserver
{
    private readonly ITrainingObserver[] _observers = [.. observers];

    public void OnStarted(TrainingStarted e)
    {
        foreach (var o in _observers) o.OnStarted(e);
    }

    public void OnStep(in StepCompleted e)
    {
        foreach (var o in _observers) o.OnStep(e);
    }

    public void OnSkipped(StepSkipped e)
    {
        foreach (var o in _observers) o.OnSkipped(e);
    }

    public void OnCheckpointSkipped(CheckpointSkipped e)
    {
        foreach (var o in _observers) o.OnCheckpointSkipped(e);
    }

    public void OnRanksAllocated(RanksAllocated e)
    {
        foreach (var o in _observers) o.OnRanksAllocated(e);
    }

    public void OnEvaluated(ModelEvaluated e)
    {
        foreach (var o in _observers) o.OnEvaluated(e);
    }

    public void OnCheckpointed(CheckpointWritten e)
    {
        foreach (var o in _observers) o.OnCheckpointed(e);
    }

    public void OnPaused(int stepsDone)
    {
        foreach (var o in _observers) o.OnPaused(stepsDone);
    }

    public void OnContinued(int stepsDone)
    {
        foreach (var o in _observers) o.OnContinued(stepsDone);
    }

    public void OnNotice(int stepsDone, string text)
    {
        foreach (var o in _observers) o.OnNotice(stepsDone, text);
    }

    public void OnFinished(TrainingFinished e)
    {
        foreach (var o in _observers) o.OnFinished(e);
    }

    public void OnDryRun(DryRunFinished e)
    {
        foreach (var o in _observers) o.OnDryRun(e);
    }

    // The first failure is the run's; one on top of it must not keep it from the observers that follow, or from the caller.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "The run fails already, with what failed first.")]
    public void OnFailed(Exception exception)
    {
        foreach (var o in _observers)
        {
            try
            {
                o.OnFailed(exception);
            }
            catch (Exception)
            {
                // See above.
            }
        }
    }
}
