using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The predictor itself; <c>AddAdaLoRAPredictor</c> makes it, and so can you, without a container.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed partial class AdapterPredictor<TModel> : IAdapterPredictor<TModel>, IDisposable, IAsyncDisposable
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly Func<TModel> _create;
    private readonly PredictorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReplicaSwitch<TModel> _switch = new();
    private readonly Lazy<torch.Device> _device;
    private readonly Lock _lifeGate = new();
    private ComputeThreads? _workers;
    private Task? _started, _stopped;
    private volatile bool _ready;

    /// <summary>Loads nothing yet.</summary>
    /// <param name="createBase">Makes the model without adapters, and the same one each time: it is called at the start, and once more at the first swap. What is made belongs to the predictor.</param>
    /// <param name="options">What to serve, and how.</param>
    /// <param name="name">For messages. Default: that of the model.</param>
    /// <param name="loggers">Gets what happens. Default: nobody.</param>
    /// <param name="time">Dates the adapters and paces the watch. Default: the system's.</param>
    /// <exception cref="AdaLoRAException">A value is out of range; all of them are named.</exception>
    public AdapterPredictor(Func<TModel> createBase, PredictorOptions options, string? name = null, ILoggerFactory? loggers = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(createBase);
        ArgumentNullException.ThrowIfNull(options);
        Name = name ?? TModel.Plan.ModelName;
        var broken = options.Validate();
        if (broken.Count > 0) throw AdaLoRAException.FromRules($"The predictor '{Name}'", broken);
        _create = createBase;
        _options = options.Clone();
        _time = time ?? TimeProvider.System;
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("AdaLoRA.Gen.Hosting");
        _device = new Lazy<torch.Device>(() => DeviceChoice.Resolve(_options.Device));
        Gate = new RequestGate(Name, _options.QueueLimit);
    }

    /// <inheritdoc/>
    public event EventHandler<AdapterSwappedEventArgs>? Swapped;

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsReady => _ready && Gate.IsOpen;

    /// <inheritdoc/>
    public AdapterInfo Adapter => _switch.Adapter ?? throw new PredictorUnavailableException($"The predictor '{Name}' has not loaded its adapter yet; await StartAsync, or let the host start it.", isQueueFull: false);

    /// <inheritdoc/>
    public torch.Device Device => _device.Value;

    /// <inheritdoc/>
    public PredictorLoad Load => Gate.Load;

    /// <inheritdoc/>
    public string? LastSwapFailure { get; private set; }

    internal RequestGate Gate { get; }

    internal int MaxBatch => _options.MaxBatch;

    internal TimeSpan BatchDelay => _options.BatchDelay;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        lock (_lifeGate)
        {
            if (!Gate.IsOpen) return Task.FromException(Gate.Stopping());
            // One that failed may be tried again: the folder may be there now.
            if (_started is null or { IsFaulted: true })
            {
                // Threads and watch live longer than the request that came first: its activity and log scopes are not theirs.
                AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
                _started = StartCoreAsync();
                flow?.Undo();
            }
            return _started.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task<TResult> PredictAsync<TResult>(Func<TModel, AdapterInfo, TResult> forward, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(forward);
        AnswerTypes.Require<TResult>();
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<TResult>(cancellationToken);
        return _ready ? Enqueue(forward, cancellationToken) : StartFirst(forward, cancellationToken);
    }

    /// <summary>
    /// Takes no more requests and answers those that it has. When the token is cancelled, what still waits gets a <see cref="PredictorUnavailableException"/>; a forward under way is not
    /// interrupted. Again it waits for the same end.
    /// </summary>
    /// <param name="cancellationToken">The host's time limit.</param>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Task stopped;
        lock (_lifeGate)
        {
            Gate.Close();
            stopped = _stopped ??= Task.Run(StopCoreAsync, CancellationToken.None);
        }
        using var _ = cancellationToken.UnsafeRegister(gate => ((RequestGate)gate!).Abandon(), Gate);
        await stopped.ConfigureAwait(false);
    }

    /// <summary>Stops, without computing what still waits, and frees the models.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(false);
        DisposeModels();
    }

    /// <summary>As <see cref="DisposeAsync"/>; waits for forwards under way.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    internal void Post(IWork work) => _workers!.Post(work);

    /// <summary>Computes on the calling thread: the one place where a model is used.</summary>
    internal TResult Compute<TResult>(Func<TModel, AdapterInfo, TResult> forward)
    {
        var replica = _switch.Hold();
        try
        {
            return Compute(replica, replica.Adapter!, forward);
        }
        finally
        {
            _switch.Release(replica);
        }
    }

    // Not inference_mode: it is no faster here, and a table that a model makes at its first forward could never be trained through again.
    private static TResult Compute<TResult>(Replica<TModel> replica, AdapterInfo adapter, Func<TModel, AdapterInfo, TResult> forward)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        return forward(replica.Model, adapter);
    }

    private Task<TResult> Enqueue<TResult>(Func<TModel, AdapterInfo, TResult> forward, CancellationToken cancellationToken)
    {
        ForwardRequest<TModel, TResult> request;
        try
        {
            request = new ForwardRequest<TModel, TResult>(Gate, this, forward);
        }
        catch (PredictorUnavailableException e)
        {
            return Task.FromException<TResult>(e);
        }
        request.CancelWith(cancellationToken);
        Post(request);
        return request.Answer;
    }

    private async Task<TResult> StartFirst<TResult>(Func<TModel, AdapterInfo, TResult> forward, CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken).ConfigureAwait(false);
        return await Enqueue(forward, cancellationToken).ConfigureAwait(false);
    }
}
