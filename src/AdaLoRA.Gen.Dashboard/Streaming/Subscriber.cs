using System.Threading.Tasks.Sources;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>
/// One open stream: a place in the ring, and a bell. It owns no queue, and waiting costs nothing but itself. Whoever rings continues the subscriber's writing on its own thread, so a frame goes to all subscribers one after the
/// other, on one thread, beside the training and not against it.
/// </summary>
internal sealed class Subscriber(HttpContext context, TimeProvider time) : IValueTaskSource<bool>
{
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<bool> _bell;
    private bool _waits;
    private bool _rung;
    private bool _closed;
    private bool _heartbeat;
    private long _writingSince;

    /// <summary>Place of the next frame; the subscriber's own.</summary>
    public long Place;

    /// <summary>Says that nothing was sent for a while.</summary>
    public void RingForHeartbeat()
    {
        lock (_gate) _heartbeat = true;
        Ring();
    }

    /// <summary>Whether nothing was sent for a while.</summary>
    public bool TakeHeartbeat()
    {
        lock (_gate)
        {
            bool due = _heartbeat;
            _heartbeat = false;
            return due;
        }
    }

    /// <summary>Waits until there may be something new.</summary>
    /// <returns>False when the stream is to end.</returns>
    public ValueTask<bool> WaitAsync()
    {
        lock (_gate)
        {
            if (_closed || _rung)
            {
                _rung = false;
                return new ValueTask<bool>(!_closed);
            }
            _bell.Reset();
            _waits = true;
            return new ValueTask<bool>(this, _bell.Version);
        }
    }

    /// <summary>Says that there is something new.</summary>
    public void Ring()
    {
        lock (_gate)
        {
            if (!_waits)
            {
                _rung = true;
                return;
            }
            _waits = false;
        }
        _bell.SetResult(!_closed);
    }

    /// <summary>Ends the stream; a write that hangs is broken off with its connection.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            if (_writingSince != 0) context.Abort();
        }
        Ring();
    }

    /// <summary>Writes to the connection; the moment is kept for <see cref="BreakIfStalled"/>.</summary>
    /// <returns>Whether the connection is still there.</returns>
    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate) _writingSince = time.GetTimestamp();
        var written = await context.Response.BodyWriter.WriteAsync(bytes);
        lock (_gate) _writingSince = 0;
        return !written.IsCompleted && !written.IsCanceled;
    }

    /// <summary>Whether a write waits for the other side.</summary>
    public bool IsWriting
    {
        get
        {
            lock (_gate) return _writingSince != 0;
        }
    }

    /// <summary>Breaks a write off that has been waiting for the other side for so long.</summary>
    public bool BreakIfStalled(TimeSpan limit)
    {
        // Within the lock: the request must not end meanwhile, since its context serves the next one.
        lock (_gate)
        {
            if (_writingSince == 0 || time.GetElapsedTime(_writingSince) < limit) return false;
            context.Abort();
            return true;
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _bell.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _bell.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _bell.OnCompleted(continuation, state, token, flags);
}
