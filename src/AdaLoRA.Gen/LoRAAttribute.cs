namespace AdaLoRA.Gen;

/// <summary>Puts plain LoRA adapters of one rank on a TorchSharp model, on the same arena and with the same compile-time checks as <see cref="AdaLoRAAttribute"/>.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class LoRAAttribute : Attribute
{
    /// <summary>Rank of every target.</summary>
    /// <value>1 … min(in, out) of every target. Required.</value>
    public int Rank { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Targets"/>
    public string[] Targets { get; set; } = [];

    /// <inheritdoc cref="AdaLoRAAttribute.Trainable"/>
    public string[] Trainable { get; set; } = [];

    /// <summary>Scale of the adapters: ΔW is multiplied by Alpha ÷ Rank.</summary>
    /// <value>0 (default): Rank, a scale of 1. Otherwise positive.</value>
    public double Alpha { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Dropout"/>
    public double Dropout { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.CheckpointRoot"/>
    public string CheckpointRoot { get; set; } = "";

    /// <inheritdoc cref="AdaLoRAAttribute.Bias"/>
    public BiasTraining Bias { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Seed"/>
    public int Seed { get; set; }
}
