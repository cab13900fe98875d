namespace AdaLoRA.Gen.Hosting;

/// <summary>What a run did; also written to <c>metrics.json</c> in the output folder.</summary>
public sealed record TrainingResult
{
    /// <summary>Name of the annotated model.</summary>
    public required string Model { get; init; }

    /// <summary>Identity of the run, as in <see cref="RunStarted.Run"/>; null in what earlier versions wrote.</summary>
    public string? Run { get; init; }

    /// <summary>Optimizer steps done, those before a resume included, skipped ones not.</summary>
    public required int Steps { get; init; }

    /// <summary>T: steps that the run was to do.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Whether the run was stopped before its end; a checkpoint to resume from was written.</summary>
    public required bool Interrupted { get; init; }

    /// <summary>Why the run was finished before <see cref="TotalSteps"/>, as the middle of a sentence; null when it was not. See <see cref="TrainingOptions.Patience"/>.</summary>
    public string? StoppedEarly { get; init; }

    /// <summary>What a run would take, of a dry run (<see cref="TrainingOptions.DryRun"/>), which has done no step; null of any other.</summary>
    public RunEstimate? DryRun { get; init; }

    /// <summary>Seconds spent in steps; evaluations and checkpoints are left out.</summary>
    public required double Seconds { get; init; }

    /// <summary>Examples per second of <see cref="Seconds"/>.</summary>
    public required double SamplesPerSecond { get; init; }

    /// <summary>The loss that was read last: the mean of the finite losses of applied steps since the reading before; null when none was read.</summary>
    public required double? LastLoss { get; init; }

    /// <summary>The evaluation at the end of the run; null when the run was interrupted before it.</summary>
    public required Evaluation? Final { get; init; }

    /// <summary>The best evaluation after step 0, of those that count (<see cref="TrainingOptions.BestWithinBudget"/>).</summary>
    public required EvaluationAt? Best { get; init; }

    /// <summary>All evaluations in order, the one before training (step 0) included.</summary>
    public required IReadOnlyList<EvaluationAt> Evaluations { get; init; }

    /// <summary>Living triplets of each target.</summary>
    public required IReadOnlyDictionary<string, int> Ranks { get; init; }

    /// <summary>Parameters in living triplets and in fully trained modules.</summary>
    public required long TrainableParameters { get; init; }

    /// <summary>Parameters of the base model.</summary>
    public required long BaseParameters { get; init; }

    /// <summary>Steps that changed nothing because a gradient was not finite.</summary>
    public required long SkippedSteps { get; init; }

    /// <summary>Intra-op threads of the CPU.</summary>
    public required int Threads { get; init; }

    /// <summary>The most bytes of physical memory that the process (of a resumed run: any of them) has had up to the last evaluation or checkpoint; null where the operating system does not count them.</summary>
    public long? PeakProcessBytes { get; init; }

    /// <summary>The most bytes in use on the CUDA device, by all processes, when they were read (with each loss, evaluation and checkpoint); null on the CPU.</summary>
    public long? PeakDeviceBytes { get; init; }

    /// <summary>The adapter's folder; left as it was when the run stopped before its first step.</summary>
    public required string AdapterFolder { get; init; }

    /// <summary>Folder of the adapter of <see cref="Best"/>; null without <see cref="TrainingOptions.KeepBest"/>, and when it was set only after that evaluation.</summary>
    public required string? BestFolder { get; init; }

    /// <summary>The newest checkpoint; null when there is none.</summary>
    public required string? Checkpoint { get; init; }
}
