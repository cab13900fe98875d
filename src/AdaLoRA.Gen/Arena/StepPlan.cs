namespace AdaLoRA.Gen.Arena;

/// <summary>What one optimizer step does, decided on the host before it starts; times in steps, rates as given by the user.</summary>
internal readonly record struct StepPlan
{
    public required UpdateRule Rule { get; init; }

    /// <summary>Learning rate of the adapters at this step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Learning rate of the fully trained parameters at this step.</summary>
    public required double TrainableLearningRate { get; init; }

    /// <summary>The gradient norm over adapters and trained parameters is clipped to this; 0 clips nothing.</summary>
    public double MaxGradNorm { get; init; }

    public Fidelity Fidelity { get; init; }

    /// <summary>γ; 0 leaves the regulariser out.</summary>
    public double OrthogonalWeight { get; init; }

    /// <summary>Whether the two averages of eqs. 11 and 12 move at this step.</summary>
    public bool UpdateImportance { get; init; }

    public double ImportanceBeta1 { get; init; }

    public double ImportanceBeta2 { get; init; }

    /// <summary>b(t) where this step ranks the triplets, else null.</summary>
    public int? AllocateTo { get; init; }

    /// <summary>This step is T − t_f: it ranks even when its gradients are not finite.</summary>
    public bool IsDecisive { get; init; }

    /// <summary>The final phase: removed triplets are held at zero.</summary>
    public bool HoldPattern { get; init; }
}

/// <summary>The optimizer's rule and its constants.</summary>
/// <param name="Kind">AdamW or plain SGD.</param>
/// <param name="Beta1">Decay of the first moment (AdamW).</param>
/// <param name="Beta2">Decay of the second moment (AdamW).</param>
/// <param name="Epsilon">Added to the root of the second moment (AdamW).</param>
/// <param name="WeightDecay">Decoupled for AdamW, added to the gradient for SGD.</param>
internal readonly record struct UpdateRule(OptimizerKind Kind, double Beta1, double Beta2, double Epsilon, double WeightDecay);
