namespace AdaLoRA.Gen.Hosting;

/// <summary>The names under which a run's numbers stand in TensorBoard; what is before the slash is a group of the page.</summary>
public static class TensorBoardTags
{
    /// <summary>Mean loss since the reading before.</summary>
    public const string Loss = "loss/train";

    /// <summary>The orthogonality term without its weight γ.</summary>
    public const string Regulariser = "loss/regulariser";

    /// <summary>Rate of the adapters.</summary>
    public const string LearningRate = "optimizer/learning_rate";

    /// <summary>‖g‖₂ before clipping.</summary>
    public const string GradientNorm = "optimizer/gradient_norm";

    /// <summary>Steps that changed nothing so far.</summary>
    public const string SkippedSteps = "optimizer/skipped_steps";

    /// <summary>b(t), in triplets or parameters.</summary>
    public const string Budget = "adapters/budget";

    /// <summary>Living triplets of all adapters.</summary>
    public const string Rank = "adapters/rank";

    /// <summary>Histogram of the adapters' ranks.</summary>
    public const string Ranks = "adapters/ranks";

    /// <summary>Histogram of the triplets' importances; of 256 evenly spaced ones when there are more.</summary>
    public const string Importances = "adapters/importances";

    /// <summary>Picture of the ranks, kind of layer × index.</summary>
    public const string RankMap = "adapters/rank_map";

    /// <summary>Before the name of a metric: "evaluation/accuracy".</summary>
    public const string EvaluationPrefix = "evaluation/";

    /// <summary>Seconds of an evaluation.</summary>
    public const string EvaluationSeconds = "throughput/evaluation_seconds";

    /// <summary>Passes over the data.</summary>
    public const string Epoch = "throughput/epoch";

    /// <summary>Examples per second.</summary>
    public const string SamplesPerSecond = "throughput/samples_per_second";

    /// <summary>Physical memory of the process in bytes.</summary>
    public const string ProcessMemory = "memory/process_bytes";

    /// <summary>Bytes in use on the CUDA device.</summary>
    public const string DeviceMemory = "memory/device_bytes";

    /// <summary>Text: model, data, versions, options.</summary>
    public const string RunCard = "run/card";

    /// <summary>Text: what the run's owner should know, and how the run ended.</summary>
    public const string Notices = "run/notices";
}
