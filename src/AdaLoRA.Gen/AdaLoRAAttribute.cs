namespace AdaLoRA.Gen;

/// <summary>
/// Puts AdaLoRA adapters on a TorchSharp model. The source generator resolves <see cref="Targets"/> against the model's module graph at compile time,
/// reports every mistake on its exact characters, and emits the wiring. Every value here is a default: configuration, then arguments, override it.
/// </summary>
/// <example>
/// <code>
/// [AdaLoRA(Budget = 72, Targets = ["*.attention.self.{query,key,value}"], Trainable = ["head"])]
/// public sealed partial class IntentClassifier : Module&lt;Tensor, Tensor&gt; { … }
/// </code>
/// </example>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AdaLoRAAttribute : Attribute
{
    /// <summary>Triplets (or parameters, see <see cref="BudgetUnit"/>) kept over all targets when the budgeting phase ends: b(T) of the paper.</summary>
    /// <value>At least 1. Required.</value>
    public int Budget { get; set; }

    /// <summary>
    /// Patterns over the registered module paths. <c>*</c> is any run of characters, dots included; <c>?</c> is one character other than a dot;
    /// <c>{a,b}</c> and <c>{0..5}</c> are alternatives, each of which must match something.
    /// </summary>
    /// <value>At least one pattern. Required.</value>
    public string[] Targets { get; set; } = [];

    /// <summary>Rank that every target starts with.</summary>
    /// <value>0 (default): 4 × the mean rank that the budget leaves (rounded up), at most the smallest dimension of a target. Otherwise 1 … min(in, out) of every target.</value>
    public int InitialRank { get; set; }

    /// <summary>Patterns of modules that are trained in full beside the adapters (a classification head, say).</summary>
    /// <value>Default: none.</value>
    public string[] Trainable { get; set; } = [];

    /// <summary>Scale of the adapters: ΔW is multiplied by Alpha ÷ (InitialRank + 1e-5), as in PEFT.</summary>
    /// <value>0 (default): 4 × InitialRank. Otherwise positive.</value>
    public double Alpha { get; set; }

    /// <summary>t_i: how long the full budget stays before anything is removed.</summary>
    /// <value>Below 1: a fraction of the run. From 1 on: whole steps. Default 0.1.</value>
    public double InitialWarmup { get; set; } = 0.1;

    /// <summary>t_f: how long the final pattern is trained at the end.</summary>
    /// <value>Below 1: a fraction of the run. From 1 on: whole steps. Default 0.5.</value>
    public double FinalWarmup { get; set; } = 0.5;

    /// <summary>ΔT: steps between two allocations of the budgeting phase.</summary>
    /// <value>At least 1. Default 10.</value>
    public int Interval { get; set; } = 10;

    /// <summary>β₁: smoothing of the sensitivity |w·g| (eq. 11).</summary>
    /// <value>Between 0 and 1, both excluded. Default 0.85.</value>
    public double Beta1 { get; set; } = 0.85;

    /// <summary>β₂: smoothing of its uncertainty (eq. 12).</summary>
    /// <value>Between 0 and 1, both excluded. Default 0.85.</value>
    public double Beta2 { get; set; } = 0.85;

    /// <summary>γ: weight of the orthogonality regulariser (eq. 4).</summary>
    /// <value>At least 0. Default 0.1.</value>
    public double OrthogonalWeight { get; set; } = 0.1;

    /// <summary>Dropout on the adapters' input while training.</summary>
    /// <value>0 up to, not including, 1. Default 0.</value>
    public double Dropout { get; set; }

    /// <summary>
    /// Path of the module that holds the pre-trained checkpoint ("encoder"). Saved keys are relative to it, so that PEFT finds them in the model
    /// that was loaded from Hugging Face.
    /// </summary>
    /// <value>Default: the annotated model itself.</value>
    public string CheckpointRoot { get; set; } = "";

    /// <summary>AdaLoRA, or plain LoRA of rank <see cref="InitialRank"/> on the same targets.</summary>
    /// <value>Default <see cref="AdapterMethod.AdaLoRA"/>.</value>
    public AdapterMethod Method { get; set; }

    /// <summary>Which published form of the algorithm is followed.</summary>
    /// <value>Default <see cref="Gen.Fidelity.Reference"/>.</value>
    public Fidelity Fidelity { get; set; }

    /// <summary>What triplets are ranked by.</summary>
    /// <value>Default <see cref="ImportanceScore.Product"/>, the paper's.</value>
    public ImportanceScore Score { get; set; }

    /// <summary>What <see cref="Budget"/> counts: triplets, or the parameters in them.</summary>
    /// <value>Default <see cref="Gen.BudgetUnit.Triplets"/>.</value>
    public BudgetUnit BudgetUnit { get; set; }

    /// <summary>
    /// Smallest and largest rank of targets, as <c>"pattern: min..max"</c>; either end may be left out. From the first allocation on a target keeps at least its minimum and at most its
    /// maximum. Where several patterns match, the last one counts.
    /// </summary>
    /// <value>Default: none.</value>
    public string[] RankLimits { get; set; } = [];

    /// <summary>Which biases of the base model are trained, too.</summary>
    /// <value>Default <see cref="BiasTraining.None"/>.</value>
    public BiasTraining Bias { get; set; }

    /// <summary>
    /// Shrinks the arena to the surviving triplets when the final phase begins: a smaller and faster last part of the run, and targets of rank 0 cost nothing any more. It changes the run
    /// slightly: in the reference, removed triplets still count in the regulariser and in the clipped norm.
    /// </summary>
    /// <value>Default false.</value>
    public bool Compact { get; set; }

    /// <summary>Seed of the factors' first values. Each target draws from its own stream, so adding a target changes no other.</summary>
    /// <value>Default 0.</value>
    public int Seed { get; set; }
}
