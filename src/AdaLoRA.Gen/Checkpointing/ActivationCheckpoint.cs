using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// Activation checkpointing (Chen et al. 2016, https://arxiv.org/abs/1604.06174): a part of a model keeps its inputs only, and backward computes it again. Costs a second forward of
/// that part and saves everything between its inputs and its output. Values, gradients and random numbers are those of the part without it, bit for bit (on CUDA the random numbers
/// are others, see <c>preserveRandomState</c>).
/// </summary>
/// <remarks>
/// The body runs twice, so it must compute the same both times: what it reads besides its inputs may not change before backward (tensors that it captures must outlive backward, too:
/// hand them over as inputs), and statistics that it counts (batch norm, <see cref="Adapter.Calls"/>) are counted twice. Parameters and adapters that it uses get their gradients
/// from <c>backward()</c>; <c>torch.autograd.grad</c>, <c>backward(inputs: …)</c> and <c>create_graph</c> do not reach through it. Checkpoints may be nested. A body that fails
/// while backward computes it again cannot stop backward, which would end the process: <see cref="ThrowIfFailed"/> tells.
/// </remarks>
public static class ActivationCheckpoint
{
    /// <summary>Runs a part of a model without keeping what its backward needs. Without gradients (<c>no_grad</c>) it just runs.</summary>
    /// <param name="body">The part: computes its result from its argument and changes it nowhere in place.</param>
    /// <param name="x">Its input, kept until backward.</param>
    /// <param name="preserveRandomState">
    /// Whether torch's generator draws the same numbers again, and goes on behind backward as if nothing had been computed again. Default: true; it costs a copy of 5 KB where the body
    /// draws. CUDA's generators cannot be read: they are seeded anew with one number from the CPU's generator, before the body and behind backward. Generators that the
    /// body holds itself are its own affair.
    /// </param>
    /// <returns>What the body gives.</returns>
    /// <exception cref="AdaLoRAException">The body changes its input in place, or an earlier checkpoint failed in backward.</exception>
    public static Tensor Run(Func<Tensor, Tensor> body, Tensor x, bool preserveRandomState = true)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(x);
        return Run(inputs => [body(inputs[0])], [x], preserveRandomState)[0];
    }

    /// <summary>As <see cref="Run(Func{Tensor, Tensor}, Tensor, bool)"/>, for several inputs.</summary>
    /// <param name="body">The part of the model.</param>
    /// <param name="inputs">Its inputs, of any type; gradients go to those that require them.</param>
    /// <param name="preserveRandomState">As for one input.</param>
    /// <returns>What the body gives.</returns>
    /// <exception cref="AdaLoRAException">The body changes an input in place, or an earlier checkpoint failed in backward.</exception>
    public static Tensor Run(Func<IReadOnlyList<Tensor>, Tensor> body, IReadOnlyList<Tensor> inputs, bool preserveRandomState = true)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Run(given => [body(given)], inputs, preserveRandomState)[0];
    }

    /// <summary>As <see cref="Run(Func{Tensor, Tensor}, Tensor, bool)"/>, for several inputs and results.</summary>
    /// <param name="body">The part of the model.</param>
    /// <param name="inputs">Its inputs, of any type; gradients go to those that require them.</param>
    /// <param name="preserveRandomState">As for one input.</param>
    /// <returns>What the body gives, in its order.</returns>
    /// <exception cref="AdaLoRAException">The body changes an input in place, or an earlier checkpoint failed in backward.</exception>
    public static IReadOnlyList<Tensor> Run(Func<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>> body, IReadOnlyList<Tensor> inputs, bool preserveRandomState = true)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(inputs);
        ThrowIfFailed();
        return is_grad_enabled() ? Checkpointing.CheckpointNode.Run(body, [.. inputs], preserveRandomState) : body(inputs);
    }

    /// <summary>Calls a module, hooks and adapters included, as a checkpoint.</summary>
    /// <param name="module">The module; it must be in training or evaluation mode in backward as it is now.</param>
    /// <param name="x">Its input, kept until backward.</param>
    /// <param name="preserveRandomState">As for <see cref="Run(Func{Tensor, Tensor}, Tensor, bool)"/>.</param>
    /// <returns>What <c>module.call(x)</c> gives.</returns>
    /// <exception cref="AdaLoRAException">The module changes its input in place, or an earlier checkpoint failed in backward.</exception>
    public static Tensor CallCheckpointed(this nn.Module<Tensor, Tensor> module, Tensor x, bool preserveRandomState = true)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(x);
        return Run(module, inputs => module.call(inputs[0]), [x], preserveRandomState);
    }

    /// <summary>
    /// Throws what stopped a checkpoint while backward computed it again, on the thread that ran the checkpoint; later checkpoints and <see cref="AdaLoRAOptimizer.step"/> call it. Loops with another
    /// optimizer call it between <c>backward()</c> and the step. The gradients of that backward are incomplete, and NaN below the checkpoint that failed.
    /// </summary>
    /// <exception cref="AdaLoRAException">A checkpoint failed; the inner exception is what its body threw. It is thrown once.</exception>
    public static void ThrowIfFailed() => Checkpointing.CheckpointFailure.ThrowIfAny();

    /// <summary>Runs what a module does, and refuses to compute it again in another mode: dropout would be on in one pass and off in the other.</summary>
    internal static Tensor Run(nn.Module module, Func<IReadOnlyList<Tensor>, Tensor> body, IReadOnlyList<Tensor> inputs, bool preserveRandomState = true)
    {
        bool training = module.training;
        return Run(given => module.training == training
            ? body(given)
            : throw new AdaLoRAException($"{module.GetName()} was switched to {(training ? "evaluation" : "training")} mode between forward and backward; call eval() and train() behind backward."), inputs, preserveRandomState);
    }
}
