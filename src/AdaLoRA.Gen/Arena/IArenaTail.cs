namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Everything after backward, as flat passes outside autograd: the chain rule from A·E·scale to A and E, the regulariser's gradient in closed form, clipping, the optimizer,
/// the importance averages, allocation, masking and refolding. One form for CPU fp32, one for everything else.
/// </summary>
internal interface IArenaTail : IDisposable
{
    /// <summary>Runs one step on the arena and on the fully trained parameters; gradients are zero afterwards. Moves nothing when a gradient is not finite.</summary>
    void Step(in StepPlan plan);

    /// <summary>Zeroes the arena's gradients.</summary>
    void ZeroGradients();

    /// <summary>‖g‖₂ over adapters and trained parameters of the last step, before clipping. Costs a device sync where there is one.</summary>
    double GradientNorm { get; }

    /// <summary>The regulariser of the last step, without γ. Costs a device sync where there is one.</summary>
    double Regulariser { get; }
}
