namespace AdaLoRA.Gen.Arena;

/// <summary>What one optimizer step does, decided on the host before it starts; times in steps, rates as given by the user.</summary>
internal readonly record struct StepPlan
{
    public required UpdateRule Rule { get; init; }

    /// <summary>Learning rate of A and E at this step.</summary>
    public required Rate LearningRate { get; init; }

    /// <summary>Learning rate of B ÷ <see cref="LearningRate"/> (LoRA+, arXiv 2402.12354).</summary>
    public double RatioB { get; init; } = 1;

    /// <summary>Learning rate of the fully trained parameters at this step.</summary>
    public required Rate TrainableLearningRate { get; init; }

    /// <summary>The gradient norm over adapters and trained parameters is clipped to this; 0 clips nothing.</summary>
    public double MaxGradNorm { get; init; }

    public Fidelity Fidelity { get; init; }

    /// <summary>γ; 0 leaves the regulariser out.</summary>
    public double OrthogonalWeight { get; init; }

    public double ImportanceBeta1 { get; init; }

    public double ImportanceBeta2 { get; init; }

    /// <summary>What the schedule says of this step.</summary>
    public SchedulePoint Point { get; init; }

    /// <summary>
    /// What the schedule says of the step before. Given when the host does not know yet whether the last step was applied: if it was not, this one takes its place, and the tail
    /// decides that on the device.
    /// </summary>
    public SchedulePoint? IfLastWasSkipped { get; init; }

    /// <summary>Removed triplets are left out of the regulariser and of the norm: what a compacted arena does by its nature. ATen tail only.</summary>
    public bool SurvivorsOnly { get; init; }

    public StepPlan()
    {
    }
}

/// <summary>A learning rate.</summary>
/// <param name="Now">Of this step.</param>
/// <param name="Before">Of the step before, which holds where that was skipped and this one takes its place.</param>
internal readonly record struct Rate(double Now, double Before)
{
    public static Rate operator *(Rate rate, double factor) => new(rate.Now * factor, rate.Before * factor);
}

/// <summary>The schedule at one step.</summary>
/// <param name="Step">t, from 1: applied steps, this one included.</param>
/// <param name="AllocateTo">b(t) where this step ranks the triplets, else null.</param>
/// <param name="UpdateImportance">Whether the two averages of eqs. 11 and 12 move.</param>
/// <param name="HoldPattern">The final phase: removed triplets are held at zero.</param>
internal readonly record struct SchedulePoint(int Step, long? AllocateTo, bool UpdateImportance, bool HoldPattern);

/// <summary>The optimizer's rule and its constants.</summary>
/// <param name="Kind">AdamW or plain SGD.</param>
/// <param name="Beta1">Decay of the first moment (AdamW).</param>
/// <param name="Beta2">Decay of the second moment (AdamW).</param>
/// <param name="Epsilon">Added to the root of the second moment (AdamW).</param>
/// <param name="WeightDecay">Decoupled for AdamW, added to the gradient for SGD; on A and B.</param>
/// <param name="LambdaDecay">The same on E.</param>
/// <param name="TrainableDecay">The same on the fully trained parameters.</param>
internal readonly record struct UpdateRule(OptimizerKind Kind, double Beta1, double Beta2, double Epsilon, double WeightDecay, double LambdaDecay, double TrainableDecay);
