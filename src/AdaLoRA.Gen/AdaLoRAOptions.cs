namespace AdaLoRA.Gen;

/// <summary>
/// What <see cref="AdaLoRAAttribute"/> states, as an object: filled from the attribute, then from configuration, then from arguments, and checked as a whole
/// when the adapters are attached. See the attribute for the meaning of each value.
/// </summary>
public sealed class AdaLoRAOptions
{
    /// <inheritdoc cref="AdaLoRAAttribute.Method"/>
    public AdapterMethod Method { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Budget"/>
    public int Budget { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Targets"/>
    public IList<string> Targets { get; set; } = [];

    /// <inheritdoc cref="AdaLoRAAttribute.InitialRank"/>
    public int InitialRank { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Trainable"/>
    public IList<string> Trainable { get; set; } = [];

    /// <inheritdoc cref="AdaLoRAAttribute.Alpha"/>
    public double Alpha { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.InitialWarmup"/>
    public double InitialWarmup { get; set; } = 0.1;

    /// <inheritdoc cref="AdaLoRAAttribute.FinalWarmup"/>
    public double FinalWarmup { get; set; } = 0.5;

    /// <inheritdoc cref="AdaLoRAAttribute.Interval"/>
    public int Interval { get; set; } = 10;

    /// <inheritdoc cref="AdaLoRAAttribute.Beta1"/>
    public double Beta1 { get; set; } = 0.85;

    /// <inheritdoc cref="AdaLoRAAttribute.Beta2"/>
    public double Beta2 { get; set; } = 0.85;

    /// <inheritdoc cref="AdaLoRAAttribute.OrthogonalWeight"/>
    public double OrthogonalWeight { get; set; } = 0.1;

    /// <inheritdoc cref="AdaLoRAAttribute.Dropout"/>
    public double Dropout { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.CheckpointRoot"/>
    public string CheckpointRoot { get; set; } = "";

    /// <inheritdoc cref="AdaLoRAAttribute.Fidelity"/>
    public Fidelity Fidelity { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Score"/>
    public ImportanceScore Score { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.BudgetUnit"/>
    public BudgetUnit BudgetUnit { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.RankLimits"/>
    public IList<string> RankLimits { get; set; } = [];

    /// <inheritdoc cref="AdaLoRAAttribute.Bias"/>
    public BiasTraining Bias { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Compact"/>
    public bool Compact { get; set; }

    /// <inheritdoc cref="AdaLoRAAttribute.Seed"/>
    public int Seed { get; set; }

    /// <summary>Every rule that these values break on their own, before a model is known; empty when none is.</summary>
    /// <returns>One sentence a broken rule, each naming the value and the remedy.</returns>
    public IReadOnlyList<string> Validate() => AdaLoRAOptionsRules.Check(this);

    /// <summary>A copy that shares nothing with this object.</summary>
    public AdaLoRAOptions Clone()
    {
        var copy = (AdaLoRAOptions)MemberwiseClone();
        copy.Targets = [.. Targets];
        copy.Trainable = [.. Trainable];
        copy.RankLimits = [.. RankLimits];
        return copy;
    }
}
