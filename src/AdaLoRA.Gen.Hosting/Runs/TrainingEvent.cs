using System.Text.Json.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Something that happened in a run, detached from its tensors: it can be kept, sent and written. One object a line in <c>runs/*.jsonl</c>, the member <c>type</c> first; numbers that are not finite are written as
/// "NaN", "Infinity" and "-Infinity". What is told on the training thread, with the tensors, is <see cref="ITrainingObserver"/>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunStarted), "started")]
[JsonDerivedType(typeof(LossRead), "loss")]
[JsonDerivedType(typeof(RanksRead), "ranks")]
[JsonDerivedType(typeof(EvaluationRead), "evaluation")]
[JsonDerivedType(typeof(CheckpointRead), "checkpoint")]
[JsonDerivedType(typeof(RunNotice), "notice")]
[JsonDerivedType(typeof(RunPaused), "paused")]
[JsonDerivedType(typeof(RunContinued), "continued")]
[JsonDerivedType(typeof(RunEnded), "ended")]
[JsonDerivedType(typeof(EventsMissed), "missed")]
public abstract record TrainingEvent
{
    /// <summary>Counts the events of a run's process, from 1, without gaps.</summary>
    public long Number { get; init; }

    /// <summary>When it was told.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>t: optimizer steps done.</summary>
    public int Step { get; init; }
}

/// <summary>The first step comes next. In a file that a resumed run went on with, what was told of later steps than <see cref="TrainingEvent.Step"/> no longer holds.</summary>
public sealed record RunStarted : TrainingEvent
{
    /// <summary>Tells runs apart: the moment of the first start and four random digits, kept by checkpoints.</summary>
    public required string Run { get; init; }

    /// <summary>Name under which the run was registered; the model's by default.</summary>
    public required string Name { get; init; }

    /// <summary>The annotated model.</summary>
    public required string Model { get; init; }

    /// <summary>T.</summary>
    public required int TotalSteps { get; init; }

    /// <summary>Micro-batches of one epoch.</summary>
    public required int BatchesPerEpoch { get; init; }

    /// <summary>"cpu", "cuda:0".</summary>
    public required string Device { get; init; }

    /// <summary>Intra-op threads of the CPU.</summary>
    public required int Threads { get; init; }

    /// <summary>The adapters in the order of every <see cref="RanksRead.Ranks"/>.</summary>
    public required IReadOnlyList<RunTarget> Targets { get; init; }

    /// <summary>b(t) over the run; null for plain LoRA.</summary>
    public RunBudget? Budget { get; init; }

    /// <summary>Parameters that are trained at the start.</summary>
    public long TrainedParameters { get; init; }

    /// <summary>Full path of the output folder.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Checkpoint that the run goes on from; null for a fresh one.</summary>
    public string? ResumedFrom { get; init; }

    /// <summary>All options by their configuration names.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>What the task says of itself and its data, see <see cref="ITrainingTask{TModel}.Card"/>.</summary>
    public required IReadOnlyDictionary<string, string> Card { get; init; }

    /// <summary>What trains: "AdaLoRA.Gen", "TorchSharp", "libtorch", ".NET", "system".</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What the run will take; null when it goes on before a first step, and in logs of earlier versions.</summary>
    public RunEstimate? Estimate { get; init; }

    /// <summary>The process.</summary>
    public int ProcessId { get; init; }
}

/// <summary>One adapter.</summary>
/// <param name="Path">Module path.</param>
/// <param name="Kind">The path with its first whole number replaced by a star: the row of a rank map.</param>
/// <param name="Index">That number, the column of a rank map; −1 when there is none.</param>
/// <param name="InFeatures">Columns of the matrix.</param>
/// <param name="OutFeatures">Rows of the matrix.</param>
/// <param name="InitialRank">Triplets at the start.</param>
public sealed record RunTarget(string Path, string Kind, int Index, int InFeatures, int OutFeatures, int InitialRank);

/// <summary>The budget over a run, see <see cref="AdaLoRA.Gen.Budget.BudgetSchedule"/>.</summary>
/// <param name="Initial">b(0).</param>
/// <param name="Final">b(T).</param>
/// <param name="InitialWarmup">t_i in steps.</param>
/// <param name="FinalWarmup">t_f in steps.</param>
/// <param name="Interval">ΔT in steps.</param>
/// <param name="Unit">"triplets" or "parameters".</param>
public sealed record RunBudget(long Initial, long Final, int InitialWarmup, int FinalWarmup, int Interval, string Unit);

/// <summary>The loss was read, every <see cref="TrainingOptions.LogEvery"/> steps.</summary>
public sealed record LossRead : TrainingEvent
{
    /// <summary>Mean of the finite losses of applied steps since the reading before; not a number when there was none.</summary>
    public required double Loss { get; init; }

    /// <summary>Passes over the data so far.</summary>
    public required double Epoch { get; init; }

    /// <summary>Rate of the adapters.</summary>
    public required double LearningRate { get; init; }

    /// <summary>b(t).</summary>
    public required long Budget { get; init; }

    /// <summary>‖g‖₂ of the last step before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The orthogonality term of the last step, without its weight γ.</summary>
    public double Regulariser { get; init; }

    /// <summary>Examples per second of this process.</summary>
    public double SamplesPerSecond { get; init; }

    /// <summary>Expected seconds of the steps to come.</summary>
    public double RemainingSeconds { get; init; }

    /// <summary>Steps that changed nothing so far.</summary>
    public long SkippedSteps { get; init; }

    /// <summary>Physical memory of the process in bytes.</summary>
    public long? ProcessBytes { get; init; }

    /// <summary>Bytes in use on the CUDA device, by all processes; null on the CPU.</summary>
    public long? DeviceBytes { get; init; }
}

/// <summary>The allocator's ranking changed which triplets live. Rankings that follow each other within 100 ms are told as one.</summary>
public sealed record RanksRead : TrainingEvent
{
    /// <summary>b(t).</summary>
    public required long Budget { get; init; }

    /// <summary>Living triplets of each of <see cref="RunStarted.Targets"/>.</summary>
    public required IReadOnlyList<int> Ranks { get; init; }

    /// <summary>
    /// Importances of all triplets, largest first, at evenly spaced places of that order when there are more than 256: the first is the largest, the last the smallest. Null when nothing was ranked yet.
    /// </summary>
    public IReadOnlyList<float>? Importances { get; init; }
}

/// <summary>The model was evaluated.</summary>
public sealed record EvaluationRead : TrainingEvent
{
    /// <summary>Name of the number that decides.</summary>
    public required string Metric { get; init; }

    /// <summary>The number.</summary>
    public required double Value { get; init; }

    /// <summary>False for a loss or an error.</summary>
    public required bool HigherIsBetter { get; init; }

    /// <summary>Whether it is the best after step 0.</summary>
    public bool IsBest { get; init; }

    /// <summary>Further numbers.</summary>
    public required IReadOnlyDictionary<string, double> Further { get; init; }

    /// <summary>How long it took.</summary>
    public double Seconds { get; init; }
}

/// <summary>A checkpoint was written.</summary>
public sealed record CheckpointRead : TrainingEvent
{
    /// <summary>Its folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether it was written because the run is to stop.</summary>
    public bool Interrupted { get; init; }
}

/// <summary>Something that the run's owner should know; the run goes on.</summary>
public sealed record RunNotice : TrainingEvent
{
    /// <summary>A sentence.</summary>
    public required string Text { get; init; }
}

/// <summary>The run waits, see <see cref="TrainingRun.Pause"/>.</summary>
public sealed record RunPaused : TrainingEvent;

/// <summary>The run goes on after a pause.</summary>
public sealed record RunContinued : TrainingEvent;

/// <summary>The last event of a run.</summary>
public sealed record RunEnded : TrainingEvent
{
    /// <summary><see cref="RunState.Finished"/>, <see cref="RunState.Interrupted"/> or <see cref="RunState.Failed"/>.</summary>
    public required RunState State { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Reason { get; init; }

    /// <summary>What it did; null when it failed.</summary>
    public TrainingResult? Result { get; init; }
}

/// <summary>Told to a reader that fell behind, in the place of what it missed. Never written to a file.</summary>
public sealed record EventsMissed : TrainingEvent
{
    /// <summary>How many.</summary>
    public required long Count { get; init; }
}
