namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Hears what happens in a run, on the training thread: what it does there delays the next step, and what it throws fails the run. Every method may be left out.
/// </summary>
public interface ITrainingObserver
{
    /// <summary>The model is ready and the first step comes next.</summary>
    /// <param name="e">What is about to run.</param>
    void OnStarted(TrainingStarted e) { }

    /// <summary>A step is done.</summary>
    /// <param name="e">Passed by reference: a step makes no garbage.</param>
    void OnStep(in StepCompleted e) { }

    /// <summary>A step changed nothing; told once a skipped step.</summary>
    /// <param name="e">How many there were.</param>
    void OnSkipped(StepSkipped e) { }

    /// <summary>A newer checkpoint than the one that the run goes on from is not complete; told after <see cref="OnStarted"/>.</summary>
    /// <param name="e">Which, and why.</param>
    void OnCheckpointSkipped(CheckpointSkipped e) { }

    /// <summary>The budget was distributed anew.</summary>
    /// <param name="e">Where the ranks can be read.</param>
    void OnRanksAllocated(RanksAllocated e) { }

    /// <summary>The model was evaluated.</summary>
    /// <param name="e">What was found.</param>
    void OnEvaluated(ModelEvaluated e) { }

    /// <summary>A checkpoint was written.</summary>
    /// <param name="e">Where.</param>
    void OnCheckpointed(CheckpointWritten e) { }

    /// <summary>The run waits between two steps until it is told to go on.</summary>
    /// <param name="stepsDone">Optimizer steps done.</param>
    void OnPaused(int stepsDone) { }

    /// <summary>The run goes on after a pause.</summary>
    /// <param name="stepsDone">Optimizer steps done.</param>
    void OnContinued(int stepsDone) { }

    /// <summary>Something that the run's owner should know; the run goes on.</summary>
    /// <param name="stepsDone">Optimizer steps done.</param>
    /// <param name="text">A sentence.</param>
    void OnNotice(int stepsDone, string text) { }

    /// <summary>The run is over, at its end or interrupted.</summary>
    /// <param name="e">The result, and the adapters.</param>
    void OnFinished(TrainingFinished e) { }

    /// <summary>A dry run is over (<see cref="TrainingOptions.DryRun"/>). It tells nothing else: neither a start nor an end.</summary>
    /// <param name="e">What the run would take.</param>
    void OnDryRun(DryRunFinished e) { }

    /// <summary>The run failed; the exception reaches the caller.</summary>
    /// <param name="exception">Why.</param>
    void OnFailed(Exception exception) { }
}
