namespace AdaLoRA.Gen.Hosting;

/// <summary>Where a run stands: what changes from step to step besides the tensors. Readable beside them as <c>state.json</c>.</summary>
internal sealed class CheckpointState
{
    public const int CurrentFormat = 3;

    /// <summary>More threads than any machine has use for: a damaged number must not start that many.</summary>
    public const int MostThreads = 1024;

    public int Format { get; set; } = CurrentFormat;

    public string Model { get; set; } = "";

    /// <summary>The run's identity, which its log bears in its name; empty in checkpoints of versions without logs.</summary>
    public string Run { get; set; } = "";

    /// <summary>t: optimizer steps that changed something. Decides learning rate, budget, evaluations and checkpoints.</summary>
    public int Step { get; set; }

    /// <summary>Steps taken, those included that changed nothing since a gradient was not finite. Decides the data's position and the seed.</summary>
    public long Attempts { get; set; }

    /// <summary>Where the next attempt starts in the data; follows from <see cref="Attempts"/> and is there for the reader.</summary>
    public DataPosition Next { get; set; } = new(0, 0);

    public int TotalSteps { get; set; }

    public int Seed { get; set; }

    /// <summary>Intra-op threads in use; sums over threads depend on how many there are, so a resumed run takes the same.</summary>
    public int Threads { get; set; }

    public int BatchesPerEpoch { get; set; }

    /// <summary>Seconds spent in steps so far, evaluations and checkpoints left out.</summary>
    public double StepSeconds { get; set; }

    /// <summary>The most memory that a process of this run has had.</summary>
    public long? PeakProcessBytes { get; set; }

    /// <summary>The most that was in use on the CUDA device when it was read.</summary>
    public long? PeakDeviceBytes { get; set; }

    /// <summary>Step of the last evaluation; −1 before the first.</summary>
    public int LastEvaluated { get; set; } = -1;

    public EvaluationAt? Best { get; set; }

    /// <summary>Step whose adapter lies in <c>best</c>; null when none does. Behind <see cref="Best"/> when the run went on without <see cref="TrainingOptions.KeepBest"/> for a while.</summary>
    public int? BestSaved { get; set; }

    public List<EvaluationAt> Evaluations { get; set; } = [];

    /// <summary>Why the run stopped before its last step for good; null when it did not.</summary>
    public string? StoppedEarly { get; set; }

    /// <summary>Whether there is nothing left to train.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasEnded => Step == TotalSteps || StoppedEarly is not null;

    /// <summary>The loss that was read last; null before the first reading.</summary>
    public double? LastLoss { get; set; }

    /// <summary>What the next reading of the loss starts with.</summary>
    public LossesSinceReading Losses { get; set; } = new(0, 0);

    /// <summary>The options that a result depends on, as text. A resumed run must agree.</summary>
    public Dictionary<string, string> Options { get; set; } = [];

    /// <summary>Fingerprint of the plan, as <c>training.json</c> has it: the files of a checkpoint must be of one plan.</summary>
    public string Plan { get; set; } = "";

    /// <summary>What wrote the checkpoint. For the reader; nothing depends on it.</summary>
    public WriterVersions? Versions { get; set; }

    /// <summary>When it was written.</summary>
    public DateTimeOffset Written { get; set; }

    /// <summary>One more attempt is done.</summary>
    /// <param name="batches">Micro-batches of one attempt.</param>
    public void Attempted(int batches)
    {
        Attempts++;
        long next = Attempts * batches;
        Next = new DataPosition(next / BatchesPerEpoch, (int)(next % BatchesPerEpoch));
    }
}

/// <summary>A micro-batch.</summary>
/// <param name="Epoch">From 0.</param>
/// <param name="Batch">From 0.</param>
internal sealed record DataPosition(long Epoch, int Batch);

/// <summary>The losses of applied steps since the last reading. A float32 is written with the digits that give it back exactly.</summary>
/// <param name="Sum">Of the finite ones.</param>
/// <param name="Count">How many were finite.</param>
internal sealed record LossesSinceReading(float Sum, float Count);

/// <summary>Versions of what a checkpoint was written with.</summary>
internal sealed record WriterVersions(string Library, string TorchSharp, string Libtorch);

/// <summary>An evaluation and when it was made.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Evaluation">What was found.</param>
public sealed record EvaluationAt(int Step, Evaluation Evaluation);
