using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Answers single requests, and computes those that wait together as one batch.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
/// <typeparam name="TInput">What a request is, such as a sentence's tokens.</typeparam>
/// <typeparam name="TOutput">What it gets: values, no tensor.</typeparam>
public interface IBatchPredictor<TModel, in TInput, TOutput>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    /// <summary>
    /// Computes one request, in a batch with others that wait at that moment. All of a batch get the answers of one adapter. The sums of a batch depend on its size: an answer is equal to
    /// that of the request alone up to rounding, not bit for bit.
    /// </summary>
    /// <param name="input">The request.</param>
    /// <param name="cancellationToken">Takes the request out of the queue; a forward under way is not interrupted.</param>
    /// <exception cref="PredictorUnavailableException">The queue is full, or the predictor stops.</exception>
    Task<TOutput> PredictAsync(TInput input, CancellationToken cancellationToken = default);
}

/// <summary>What a batch of requests is for a model: the seam of <see cref="IBatchPredictor{TModel, TInput, TOutput}"/>.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
/// <typeparam name="TInput">What a request is.</typeparam>
/// <typeparam name="TOutput">What it gets.</typeparam>
public interface IBatchForward<TModel, TInput, TOutput>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    /// <summary>
    /// Answers a batch, as <see cref="IAdapterPredictor{TModel}.PredictAsync{TResult}"/> answers one. Called from several threads at once. Where it throws for several requests they are
    /// asked one by one, so that a bad one fails alone.
    /// </summary>
    /// <param name="model">In evaluation mode, without gradients; not to be changed.</param>
    /// <param name="adapter">The adapter that is on it.</param>
    /// <param name="inputs">From one to <see cref="PredictorOptions.MaxBatch"/>.</param>
    /// <returns>One for each input, in their order.</returns>
    IReadOnlyList<TOutput> Forward(TModel model, AdapterInfo adapter, IReadOnlyList<TInput> inputs);
}
