namespace AdaLoRA.Gen.Hosting;

/// <summary>A run is about to take its first step.</summary>
/// <param name="Model">Name of the annotated model.</param>
/// <param name="FirstStep">Steps already done: 0, or where the checkpoint stood.</param>
/// <param name="TotalSteps">T.</param>
/// <param name="BatchesPerEpoch">Micro-batches of one epoch.</param>
/// <param name="Adapters">The adapters.</param>
/// <param name="Device">Where it runs: "cpu", "cuda:0".</param>
/// <param name="Threads">Intra-op threads of the CPU.</param>
/// <param name="ThreadsMeasured">Whether a discarded batch decided on <see cref="Threads"/>.</param>
/// <param name="ResumedFrom">The checkpoint's folder; null for a fresh run.</param>
/// <param name="Options">The run's options.</param>
public sealed record TrainingStarted(string Model, int FirstStep, int TotalSteps, int BatchesPerEpoch, AdapterSet Adapters, string Device, int Threads, bool ThreadsMeasured, string? ResumedFrom, TrainingOptions Options)
{
    /// <summary>Name under which the run was registered; the model's by default.</summary>
    public string Name { get; init; } = Model;

    /// <summary>What a discarded batch took on the numbers of threads that were tried, ascending; empty when <see cref="Threads"/> was given, kept by a checkpoint, or not worth the time to measure.</summary>
    public IReadOnlyList<ThreadTime> ThreadTimes { get; init; } = [];

    /// <summary>Bytes in use on the CUDA device, by all processes, after the discarded batch; null on the CPU.</summary>
    public long? DeviceBytes { get; init; }

    /// <summary>What the run will take; null when it goes on before a first step.</summary>
    public RunEstimate? Estimate { get; init; }
}

/// <summary>A dry run is over; of it nothing else is told.</summary>
/// <param name="Result">Its <see cref="TrainingResult.DryRun"/> says what the run would take.</param>
/// <param name="Device">Where it would run.</param>
/// <param name="ThreadTimes">As in <see cref="TrainingStarted.ThreadTimes"/>.</param>
/// <param name="Options">The run's options.</param>
public sealed record DryRunFinished(TrainingResult Result, string Device, IReadOnlyList<ThreadTime> ThreadTimes, TrainingOptions Options);

/// <summary>One optimizer step is done.</summary>
/// <param name="Step">t, from 1; no step is told twice.</param>
/// <param name="TotalSteps">T.</param>
/// <param name="Epoch">Passes over the data so far.</param>
/// <param name="LearningRate">Rate of the adapters in this step.</param>
/// <param name="Budget">b(t): triplets (or parameters) that may live.</param>
/// <param name="Loss">Mean of the finite losses of applied steps since the reading before, not a number when there was none; null but every <see cref="TrainingOptions.LogEvery"/> steps, since reading it waits for the device.</param>
/// <param name="SkippedSteps">Steps that changed nothing so far; on a device the last one is known one step later.</param>
/// <param name="SamplesPerSecond">Examples per second of this process's steps, skipped ones included.</param>
/// <param name="Remaining">Expected time of the steps to come.</param>
public readonly record struct StepCompleted(int Step, int TotalSteps, double Epoch, double LearningRate, long Budget, double? Loss, long SkippedSteps, double SamplesPerSecond, TimeSpan Remaining)
{
    /// <summary>How long the step took, all its micro-batches; what the device still has under way is not in it.</summary>
    public double Seconds { get; init; }

    /// <summary>Bytes in use on the CUDA device, by all processes; null on the CPU, and whenever <see cref="Loss"/> is.</summary>
    public long? DeviceBytes { get; init; }

    /// <summary>‖g‖₂ of the step over adapters and trained modules, before clipping; null whenever <see cref="Loss"/> is.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>The orthogonality term of the step, without its weight γ; null whenever <see cref="Loss"/> is.</summary>
    public double? Regulariser { get; init; }
}

/// <summary>A step changed nothing because a gradient was not finite: weights, moments, averages and schedule stay, and the run goes on with the next data.</summary>
/// <param name="Step">Steps done; a skipped one is not counted. On a device it is told one step late.</param>
/// <param name="TotalSteps">T.</param>
/// <param name="SkippedSteps">Skipped steps of the run so far, this one included.</param>
/// <param name="InARow">How many of them in a row, this one included.</param>
public sealed record StepSkipped(int Step, int TotalSteps, long SkippedSteps, long InARow);

/// <summary>A checkpoint was passed over because it is not complete; the run went on from an older one.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Reason">A sentence.</param>
public sealed record CheckpointSkipped(string Folder, string Reason);

/// <summary>The allocator ranked the triplets.</summary>
/// <param name="Step">t.</param>
/// <param name="Budget">b(t), in triplets or parameters.</param>
/// <param name="Adapters">Their <see cref="Adapter.Rank"/> is read from the device only when it is asked for.</param>
public sealed record RanksAllocated(int Step, long Budget, AdapterSet Adapters);

/// <summary>The model was evaluated.</summary>
/// <param name="Step">Optimizer steps done; 0 before training.</param>
/// <param name="Evaluation">What was found.</param>
/// <param name="IsBest">Whether it is the best after step 0, of those that count (<see cref="TrainingOptions.BestWithinBudget"/>).</param>
/// <param name="Seconds">How long it took.</param>
public sealed record ModelEvaluated(int Step, Evaluation Evaluation, bool IsBest, double Seconds);

/// <summary>A checkpoint was written.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Folder">Its folder.</param>
/// <param name="Interrupted">Whether it was written because the run is to stop.</param>
public sealed record CheckpointWritten(int Step, string Folder, bool Interrupted)
{
    /// <summary>How long writing it took.</summary>
    public double Seconds { get; init; }
}

/// <summary>The run is over.</summary>
/// <param name="Result">What it did.</param>
/// <param name="Adapters">The adapters as they are saved.</param>
public sealed record TrainingFinished(TrainingResult Result, AdapterSet Adapters)
{
    /// <summary>Whether the run went on from a checkpoint of its end, so that nothing was left to train.</summary>
    public bool WasComplete { get; init; }
}
