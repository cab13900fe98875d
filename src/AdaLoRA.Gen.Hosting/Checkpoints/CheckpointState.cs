namespace AdaLoRA.Gen.Hosting;

/// <summary>Where a run stands: what changes from step to step besides the tensors. Readable beside them as <c>state.json</c>.</summary>
internal sealed class CheckpointState
{
    public const int CurrentFormat = 1;

    public int Format { get; set; } = CurrentFormat;

    public string Model { get; set; } = "";

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; set; }

    public int TotalSteps { get; set; }

    public int Seed { get; set; }

    /// <summary>Intra-op threads in use; sums over threads depend on how many there are, so a resumed run takes the same.</summary>
    public int Threads { get; set; }

    public int BatchesPerEpoch { get; set; }

    /// <summary>Seconds spent in steps so far, evaluations and checkpoints left out.</summary>
    public double StepSeconds { get; set; }

    /// <summary>Step of the last evaluation; −1 before the first.</summary>
    public int LastEvaluated { get; set; } = -1;

    public EvaluationAt? Best { get; set; }

    public List<EvaluationAt> Evaluations { get; set; } = [];

    /// <summary>The options that a result depends on, as text. A resumed run must agree.</summary>
    public Dictionary<string, string> Options { get; set; } = [];
}

/// <summary>An evaluation and when it was made.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Evaluation">What was found.</param>
public sealed record EvaluationAt(int Step, Evaluation Evaluation);
