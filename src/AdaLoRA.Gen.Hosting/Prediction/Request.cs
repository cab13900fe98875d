namespace AdaLoRA.Gen.Hosting;

/// <summary>One request from its entry to its answer. The queue holds it until a thread takes it or its caller gives up, whichever comes first.</summary>
/// <typeparam name="TResult">What the caller waits for.</typeparam>
internal abstract class Request<TResult>
{
    private const int Waiting = 0, Taken = 1;
    private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RequestGate _gate;
    private CancellationTokenRegistration _cancellation;
    private int _state;

    /// <exception cref="PredictorUnavailableException">The queue is full, or the predictor stops.</exception>
    protected Request(RequestGate gate)
    {
        _gate = gate;
        gate.Enter();
    }

    public Task<TResult> Answer => _answer.Task;

    /// <summary>Lets the caller's token take the request out of the queue; called once, before any other thread can take it.</summary>
    public void CancelWith(CancellationToken token)
    {
        if (!token.CanBeCanceled) return;
        _cancellation = token.UnsafeRegister(static (request, token) => ((Request<TResult>)request!).Cancel(token), this);
    }

    /// <summary>Takes the request out of the queue to compute it.</summary>
    /// <returns>False where nobody waits for it any more, or the predictor does not.</returns>
    public bool TryTake()
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting) return false;
        _cancellation.Unregister();
        if (_gate.IsAbandoned)
        {
            _gate.Refuse();
            _answer.TrySetException(_gate.Stopping());
            return false;
        }
        _gate.Start();
        return true;
    }

    public void Succeed(TResult result)
    {
        _gate.Leave(RequestEnd.Completed);
        _answer.TrySetResult(result);
    }

    public void Fail(Exception exception)
    {
        _gate.Leave(RequestEnd.Failed);
        _answer.TrySetException(exception);
    }

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.CompareExchange(ref _state, Taken, Waiting) != Waiting) return;
        _gate.Cancel();
        _answer.TrySetCanceled(token);
    }
}

/// <summary>A request that is computed by itself.</summary>
internal sealed class ForwardRequest<TModel, TResult>(RequestGate gate, AdapterPredictor<TModel> predictor, Func<TModel, AdapterInfo, TResult> forward) : Request<TResult>(gate), IWork
    where TModel : TorchSharp.torch.nn.Module, IAdaLoRAModel<TModel>
{
    // The caller's activity and log scopes go along to the thread that computes.
    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    public void Execute()
    {
        if (!TryTake()) return;
        if (_context is null) Compute();
        else ExecutionContext.Run(_context, static request => ((ForwardRequest<TModel, TResult>)request!).Compute(), this);
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "It is the caller's.")]
    private void Compute()
    {
        TResult result;
        try
        {
            result = predictor.Compute(forward);
        }
        catch (Exception e)
        {
            Fail(e);
            return;
        }
        Succeed(result);
    }
}
