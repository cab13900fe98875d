using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What the trainer asks of a user's problem. <see cref="TrainingTask{TModel, TBatch}"/> is the base to derive from.</summary>
/// <typeparam name="TModel">The model that is trained.</typeparam>
public interface ITrainingTask<in TModel>
    where TModel : torch.nn.Module
{
    /// <summary>What the run's log and report say of the task: the data's name and size, where they come from, what the metric is, … Asked for after <see cref="Prepare"/>.</summary>
    /// <value>Empty by default.</value>
    IReadOnlyDictionary<string, string> Card => System.Collections.ObjectModel.ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Called once before anything else, on the training thread: the place to read data.</summary>
    /// <param name="model">The model, with adapters, on the run's device.</param>
    /// <param name="context">Batch size, seed and device.</param>
    void Prepare(TModel model, TrainingContext context);

    /// <summary>Micro-batches of one epoch, at least 1.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>The mean loss of one micro-batch, a scalar that depends on the model. Which examples it holds must follow from seed, epoch and index alone, so that a resumed run needs no replay.</summary>
    /// <param name="model">In training mode.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">Micro-batch of the epoch, from 0.</param>
    torch.Tensor Loss(TModel model, int epoch, int index);

    /// <summary>Measures the model on data that it does not train on. Called under <c>no_grad</c>, within a dispose scope.</summary>
    /// <param name="model">In evaluation mode.</param>
    /// <param name="cancellationToken">Set when the run is to stop; throwing for it loses nothing, since a resumed run evaluates again.</param>
    Evaluation Evaluate(TModel model, CancellationToken cancellationToken);

    /// <summary>
    /// Evaluates one batch and forgets the outcome: tried before the first step, so that an evaluation that cannot work fails in seconds instead of after the first thousand steps, and to say how long evaluations will take. Called as
    /// <see cref="Evaluate"/> is.
    /// </summary>
    /// <param name="model">In evaluation mode.</param>
    /// <returns>The part of a whole evaluation that it was, above 0 and up to 1. Null (default): the task cannot evaluate a part, and nothing was tried.</returns>
    double? EvaluateOneBatch(TModel model) => null;
}
