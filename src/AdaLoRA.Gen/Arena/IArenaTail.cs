namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Everything after backward, as flat passes outside autograd: the chain rule from A·E·scale to A and E, the regulariser's gradient in closed form, clipping, the optimizer,
/// the importance averages, allocation, masking and refolding. One form for CPU fp32, one for everything else.
/// </summary>
internal interface IArenaTail : IDisposable
{
    /// <summary>Runs one step on the arena and on the fully trained parameters; gradients are zero afterwards. Changes nothing else when a gradient is not finite.</summary>
    void Step(in StepPlan plan);

    /// <summary>How far the host knows the run: of the calls of <see cref="Step"/> up to some moment (at most one behind), how many were applied. No synchronisation.</summary>
    StepCount Known { get; }

    /// <summary>The same up to the last call, waiting for the device if need be.</summary>
    StepCount Synchronize();

    /// <summary>‖g‖₂ over adapters and trained parameters of the last step, before clipping. Costs a device sync where there is one.</summary>
    double GradientNorm { get; }

    /// <summary>The regulariser of the last step, without γ. Costs a device sync where there is one.</summary>
    double Regulariser { get; }

    /// <summary>The triplets' scores in canonical order, as the last ranking saw them; empty before the first one. Costs a device sync where there is one.</summary>
    float[] ReadScores();
}

/// <summary>Calls of a tail's step since it was made, and how many of them changed something.</summary>
internal readonly record struct StepCount(long Attempts, long Applied);
