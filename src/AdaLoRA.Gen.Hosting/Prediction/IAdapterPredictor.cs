using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>A model with a saved adapter that answers requests from any number of threads, and whose adapter can be exchanged while it does.</summary>
public interface IAdapterPredictor
{
    /// <summary>Under which it was added; without a name of its own, that of the model.</summary>
    string Name { get; }

    /// <summary>Whether an adapter serves: after the host's start and until it stops.</summary>
    bool IsReady { get; }

    /// <summary>The adapter that a request which starts now is answered with.</summary>
    /// <exception cref="PredictorUnavailableException">None is loaded yet.</exception>
    AdapterInfo Adapter { get; }

    /// <summary>Where the model is, and where a forward's inputs have to be.</summary>
    torch.Device Device { get; }

    /// <summary>How much there is to do and was done.</summary>
    PredictorLoad Load { get; }

    /// <summary>Why the last exchange of the adapter failed; null when it did not.</summary>
    string? LastSwapFailure { get; }

    /// <summary>Raised when another adapter began to serve, on the thread that loaded it: what a handler takes long for delays the end of the swap, never a request. What it throws is logged.</summary>
    event EventHandler<AdapterSwappedEventArgs>? Swapped;

    /// <summary>Loads the adapter and starts the threads. The host does it when it starts; without a host the first request does. Again it does nothing.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="AdaLoRAException">The adapter's folder is bad, or does not fit the model.</exception>
    Task StartAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Exchanges the adapter without dropping a request: the new one is loaded and checked beside the old one, then requests that start later are answered with it, and those under way
    /// end on the old one. When the task is done, no request is computed with the old one any more. Swaps are done one after the other.
    /// </summary>
    /// <param name="folder">An adapter's folder. The one that serves already is loaded anew.</param>
    /// <param name="cancellationToken">Heeded until the new adapter serves.</param>
    /// <returns>What serves now.</returns>
    /// <exception cref="AdaLoRAException">The folder is bad or does not fit the model; the old adapter goes on serving.</exception>
    Task<AdapterInfo> SwapAsync(string folder, CancellationToken cancellationToken = default);
}

/// <summary>A predictor of one kind of model.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public interface IAdapterPredictor<TModel> : IAdapterPredictor
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    /// <summary>
    /// Computes one request on one of the predictor's own threads: in evaluation mode, without gradients, in a dispose scope of its own. Requests run beside each other on one model, so
    /// <paramref name="forward"/> must not change it. The answer is, bit for bit, what the request alone would get.
    /// </summary>
    /// <param name="forward">
    /// Gets the model and the adapter that is on it, and gives values: every tensor it makes is gone when it returns. A result that is itself a tensor is refused at once; one hidden in a tuple or a
    /// list is dead, and using it throws.
    /// </param>
    /// <param name="cancellationToken">Takes the request out of the queue; a forward under way is not interrupted.</param>
    /// <typeparam name="TResult">Values, such as <c>float[]</c>; no tensor and no task.</typeparam>
    /// <exception cref="PredictorUnavailableException">The queue is full, or the predictor stops.</exception>
    Task<TResult> PredictAsync<TResult>(Func<TModel, AdapterInfo, TResult> forward, CancellationToken cancellationToken = default);
}

/// <summary>Shorter ways to ask.</summary>
public static class AdapterPredictorExtensions
{
    /// <summary>As <see cref="IAdapterPredictor{TModel}.PredictAsync{TResult}"/>, for a forward that does not ask which adapter it is.</summary>
    /// <param name="predictor">The predictor.</param>
    /// <param name="forward">Gets the model and gives values.</param>
    /// <param name="cancellationToken">Takes the request out of the queue.</param>
    public static Task<TResult> PredictAsync<TModel, TResult>(this IAdapterPredictor<TModel> predictor, Func<TModel, TResult> forward, CancellationToken cancellationToken = default)
        where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
    {
        ArgumentNullException.ThrowIfNull(predictor);
        ArgumentNullException.ThrowIfNull(forward);
        return predictor.PredictAsync((model, _) => forward(model), cancellationToken);
    }
}
