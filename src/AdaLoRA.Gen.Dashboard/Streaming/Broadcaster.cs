using System.Diagnostics.CodeAnalysis;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>
/// Sends one run's events to all who watch it: one reader of the run, one ring of frames, and subscribers that are places in it. What a subscriber does, or does not do, costs its own connection and nobody else.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source of cancellation that nobody waits on with a timer holds nothing to dispose of.")]
internal sealed class Broadcaster
{
    private const double MostWritesPerSecond = 1_000;
    private static readonly TimeSpan BetweenFrames = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenHeartbeats = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Lingering = TimeSpan.FromMinutes(1);

    private readonly IEventSource _source;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _gate = new();
    private readonly FrameRing _ring;
    private readonly long _before;
    private readonly RunState _state;
    private Subscriber[] _subscribers = [];
    private bool _closed;
    private long _lastFrame;
    private long _alone;

    /// <summary>Begins to read.</summary>
    /// <param name="source">The run.</param>
    /// <param name="after">The first subscriber has all events up to this one.</param>
    /// <param name="newest">Number of the newest event there is.</param>
    /// <param name="logger">Told what breaks.</param>
    /// <param name="time">Clock.</param>
    public Broadcaster(IEventSource source, long after, long newest, ILogger logger, TimeProvider time)
    {
        (_source, _logger, _time) = (source, logger, time);
        // Each subscriber is told the state first, and then what becomes of it.
        _state = source.State;
        _before = newest;
        _ring = new FrameRing(Math.Min(after, _before));
        _stop = new CancellationTokenSource();
        _lastFrame = _alone = time.GetTimestamp();
        _ = Task.Run(PumpAsync);
    }

    /// <summary>Name of the run.</summary>
    public string Name => _source.Name;

    /// <summary>Subscribers whose write waits for the other side.</summary>
    public int Writing => _subscribers.Count(s => s.IsWriting);

    /// <summary>Bytes of the frames that are kept.</summary>
    public long Bytes => _ring.Bytes;

    /// <summary>Lets a subscriber in.</summary>
    /// <param name="subscriber">Gets its place.</param>
    /// <param name="after">The last event that it has; null to begin with what comes.</param>
    /// <param name="newest">Number of the newest event there is.</param>
    /// <param name="missed">Whether it must fetch the run anew.</param>
    /// <returns>False when this broadcaster has come to its end.</returns>
    public bool TryAdd(Subscriber subscriber, long? after, long newest, out bool missed)
    {
        // More than there are: the number is of another process, before a restart.
        bool isOther = after > Math.Max(_ring.LastNumber, newest);
        lock (_gate)
        {
            long? place = isOther ? null : _ring.PlaceAfter(after ?? _ring.LastNumber);
            subscriber.Place = place ?? _ring.PlaceAgain();
            missed = place is null;
            if (_closed) return false;
            _subscribers = [.. _subscribers, subscriber];
            return true;
        }
    }

    /// <summary>Lets it go.</summary>
    public void Remove(Subscriber subscriber)
    {
        lock (_gate)
        {
            _subscribers = [.. _subscribers.Where(s => s != subscriber)];
            _alone = _time.GetTimestamp();
        }
    }

    /// <summary>The next frame for a subscriber; null when it has all.</summary>
    public Frame? Next(Subscriber subscriber)
    {
        var frame = _ring.Read(ref subscriber.Place, out bool fellBehind);
        return fellBehind ? Frame.Reset(_ring.LastNumber) : frame;
    }

    /// <summary>Called once a second: breaks off who takes nothing, keeps idle connections open, and ends this broadcaster when nobody has listened for a minute.</summary>
    /// <returns>Whether it has come to its end.</returns>
    public bool Tick(TimeSpan stallTimeout)
    {
        foreach (var s in _subscribers)
        {
            if (s.BreakIfStalled(stallTimeout)) Log.Stalled(_logger, Name, stallTimeout.TotalSeconds);
        }
        if (_time.GetElapsedTime(Volatile.Read(ref _lastFrame)) >= BetweenHeartbeats)
        {
            Volatile.Write(ref _lastFrame, _time.GetTimestamp());
            foreach (var s in _subscribers) s.RingForHeartbeat();
        }
        lock (_gate)
        {
            if (_subscribers.Length > 0 || _time.GetElapsedTime(_alone) < Lingering) return false;
        }
        Close();
        return true;
    }

    /// <summary>Ends all streams at once.</summary>
    public void Close()
    {
        Subscriber[] subscribers;
        lock (_gate) (_closed, subscribers) = (true, _subscribers);
        _stop.Cancel();
        foreach (var s in subscribers) s.Close();
    }

    // With many subscribers frames become rarer, so that their writes stay a small part of one core.
    private TimeSpan Pause => TimeSpan.FromSeconds(Math.Max(BetweenFrames.TotalSeconds, _subscribers.Length / MostWritesPerSecond));

    private async Task PumpAsync()
    {
        try
        {
            await PumpEventsAsync(_stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.StreamFailed(_logger, Name, e);
            Close();
        }
    }

    private async Task PumpEventsAsync(CancellationToken stop)
    {
        var batch = new FrameBatch(_before);
        var state = _state;
        await using var events = _source.ReadAsync(stop).GetAsyncEnumerator(stop);
        var next = events.MoveNextAsync().AsTask();
        while (true)
        {
            bool more = true;
            while (next.IsCompleted && (more = await next))
            {
                Take(events.Current, batch);
                next = events.MoveNextAsync().AsTask();
            }
            foreach (var frame in batch.Take()) Publish(frame);
            if (_source.State is var now && now != state)
            {
                Publish(Frame.State(now.ToString()));
                state = now;
            }
            if (!more)
            {
                Publish(Frame.End);
                return;
            }
            await Task.Delay(Pause, _time, stop);
            if (!next.IsCompleted) await Task.WhenAny(next, Task.Delay(BetweenLooks, _time, stop));
        }
    }

    private void Take(TrainingEvent e, FrameBatch batch)
    {
        if (e is EventsMissed)
        {
            // This reader itself fell behind, so all its subscribers did.
            foreach (var frame in batch.Take()) Publish(frame);
            Publish(Frame.Reset(e.Number));
        }
        else if (e.Number > _ring.LastNumber)
        {
            batch.Add(e);
        }
    }

    private void Publish(Frame frame)
    {
        _ring.Add(frame);
        Volatile.Write(ref _lastFrame, _time.GetTimestamp());
        foreach (var s in _subscribers) s.Ring();
    }
}
