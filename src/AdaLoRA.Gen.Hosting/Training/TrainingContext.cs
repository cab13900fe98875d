using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What a task may need to build its batches.</summary>
/// <param name="Options">The run's options, checked.</param>
/// <param name="Device">Where batches must live.</param>
public sealed record TrainingContext(TrainingOptions Options, torch.Device Device)
{
    /// <summary>Examples of one micro-batch.</summary>
    public int BatchSize => Options.BatchSize;

    /// <summary>The run's seed, for <see cref="EpochOrder"/>.</summary>
    public int Seed => Options.Seed;
}
