namespace AdaLoRA.Gen;

/// <summary>The rule that turns gradients into updates.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay (arXiv 1711.05101), as <c>torch.optim.AdamW</c>.</summary>
    AdamW,

    /// <summary>Plain stochastic gradient descent without momentum, as <c>torch.optim.SGD</c>.</summary>
    Sgd,
}
