namespace AdaLoRA.Gen.Hosting;

/// <summary>How a request ended.</summary>
internal enum RequestEnd
{
    Completed,
    Failed,
}

/// <summary>Where every request begins, starts and ends: it is counted here, and nowhere else.</summary>
/// <param name="name">Of the predictor, for messages.</param>
/// <param name="limit">Requests that may wait.</param>
internal sealed class RequestGate(string name, int limit)
{
    private const int Open = 0, Closed = 1, Abandoned = 2;
    private int _state;
    private int _waiting, _running;
    private long _completed, _failed, _canceled, _refused;

    public PredictorLoad Load => new(Volatile.Read(ref _waiting), Volatile.Read(ref _running), Volatile.Read(ref _completed), Volatile.Read(ref _failed), Volatile.Read(ref _canceled), Volatile.Read(ref _refused));

    /// <summary>Whether a request is inside; none comes after <see cref="Close"/>.</summary>
    public bool HasRequests => Volatile.Read(ref _waiting) > 0 || Volatile.Read(ref _running) > 0;

    public bool IsOpen => Volatile.Read(ref _state) == Open;

    /// <summary>Whether what still waits is to be refused instead of computed.</summary>
    public bool IsAbandoned => Volatile.Read(ref _state) == Abandoned;

    /// <summary>Takes a request in.</summary>
    /// <exception cref="PredictorUnavailableException">Too many wait, or the gate is closed.</exception>
    public void Enter()
    {
        int waiting = Interlocked.Increment(ref _waiting);
        if (waiting <= limit && IsOpen) return;
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _refused);
        throw IsOpen ? new PredictorUnavailableException($"The predictor '{name}' has {limit} requests waiting, its QueueLimit; try again later, or raise the limit.", isQueueFull: true) : Stopping();
    }

    /// <summary>A request left the queue to be computed.</summary>
    public void Start()
    {
        // In this order, so that it is in one of both at any moment.
        Interlocked.Increment(ref _running);
        Interlocked.Decrement(ref _waiting);
    }

    /// <summary>A request was computed.</summary>
    public void Leave(RequestEnd end)
    {
        Interlocked.Decrement(ref _running);
        Interlocked.Increment(ref end == RequestEnd.Completed ? ref _completed : ref _failed);
    }

    /// <summary>A request left the queue on its caller's wish.</summary>
    public void Cancel()
    {
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _canceled);
    }

    /// <summary>A request left the queue since the predictor waits no longer.</summary>
    public void Refuse()
    {
        Interlocked.Decrement(ref _waiting);
        Interlocked.Increment(ref _refused);
    }

    /// <summary>Takes nothing in from now on.</summary>
    public void Close() => Interlocked.CompareExchange(ref _state, Closed, Open);

    /// <summary>As <see cref="Close"/>, and what waits is refused.</summary>
    public void Abandon() => Volatile.Write(ref _state, Abandoned);

    public PredictorUnavailableException Stopping() => new($"The predictor '{name}' stops and takes no more requests.", isQueueFull: false);
}
