using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What the products of a training step are computed in.</summary>
public enum TrainingPrecision
{
    /// <summary>In the types of the model's weights.</summary>
    Fp32,

    /// <summary>In bfloat16, by <see cref="Autocast"/>: weights, adapters, gradients and optimizer state stay as they are.</summary>
    Bf16,
}

internal static class TrainingPrecisionExtensions
{
    /// <summary>Switches autocast on for a <c>using</c>; nothing for <see cref="TrainingPrecision.Fp32"/>.</summary>
    public static Autocast.Scope Enter(this TrainingPrecision precision, DeviceType device) => precision == TrainingPrecision.Bf16 ? Autocast.Enter(device) : default;
}
