using Microsoft.Extensions.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>The broadcasters of the runs that are watched, one timer for all of them, and the count of their subscribers.</summary>
internal sealed class Broadcasters : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Broadcaster> _byRun = [];
    private readonly DashboardOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenRegistration _stopping;
    private readonly ITimer _timer;
    private int _subscribers;
    private bool _stopped;

    public Broadcasters(IOptions<DashboardOptions> options, ILogger<Broadcasters> logger, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        (_options, _logger, _time) = (options.Value, logger, time);
        _timer = time.CreateTimer(_ => Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        // The server waits for requests under way; a stream is one for as long as its page is open.
        _stopping = lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>Open streams.</summary>
    public int Subscribers => Volatile.Read(ref _subscribers);

    /// <summary>Streams whose write waits for the other side.</summary>
    public int Writing
    {
        get
        {
            lock (_gate) return _byRun.Values.Sum(b => b.Writing);
        }
    }

    /// <summary>Bytes of all frames that are kept.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _byRun.Values.Sum(b => b.Bytes);
        }
    }

    /// <summary>Takes one of the places for subscribers.</summary>
    /// <returns>Why there is none; null when it was taken and has to be given back.</returns>
    public string? TryEnter()
    {
        if (_stopped) return "The app is stopping.";
        if (Interlocked.Increment(ref _subscribers) <= _options.MaxSubscribers) return null;
        Leave();
        return $"{_options.MaxSubscribers} event streams are open, and AdaLoRA:Dashboard:MaxSubscribers allows no more; close a page, or raise it.";
    }

    /// <summary>Gives the place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _subscribers);

    /// <summary>Lets a subscriber in at a run's broadcaster, which is made when there is none.</summary>
    /// <param name="id">The run's id.</param>
    /// <param name="source">Its events.</param>
    /// <param name="subscriber">The subscriber.</param>
    /// <param name="after">The last event that it has; null to begin with what comes.</param>
    /// <param name="missed">Whether it must fetch the run anew.</param>
    public Broadcaster Add(string id, IEventSource source, Subscriber subscriber, long? after, out bool missed)
    {
        // Of a past run this reads its file, so before the lock.
        long newest = source.LastNumber;
        lock (_gate)
        {
            if (_byRun.TryGetValue(id, out var known) && known.TryAdd(subscriber, after, newest, out missed)) return known;
            var made = new Broadcaster(source, after ?? newest, newest, _logger, _time);
            made.TryAdd(subscriber, after, newest, out missed);
            if (_stopped) made.Close();
            else _byRun[id] = made;
            return made;
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        Stop();
        _timer.Dispose();
    }

    private void Stop()
    {
        foreach (var b in Take()) b.Close();

        List<Broadcaster> Take()
        {
            lock (_gate)
            {
                _stopped = true;
                List<Broadcaster> all = [.. _byRun.Values];
                _byRun.Clear();
                return all;
            }
        }
    }

    private void Tick()
    {
        KeyValuePair<string, Broadcaster>[] all;
        lock (_gate) all = [.. _byRun];
        foreach (var (id, broadcaster) in all)
        {
            if (!broadcaster.Tick(_options.StallTimeout)) continue;
            lock (_gate)
            {
                if (_byRun.GetValueOrDefault(id) == broadcaster) _byRun.Remove(id);
            }
        }
    }
}
