namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// What is known of a run, from its events in order: those of a live run (<see cref="TrainingRun.History"/>) or of a file (<see cref="Read"/>). Bounded: beyond 4,096 readings of the loss, or 1,024 of ranks, every second
/// of them is dropped, the newest never. Safe to read while it grows.
/// </summary>
public sealed class RunHistory
{
    private const int MostLosses = 4096;
    private const int MostOthers = 1024;

    private readonly Lock _gate = new();
    private readonly List<TrainingEvent> _events = [];
    private readonly Dictionary<Type, int> _counts = [];
    private DateTimeOffset? _lastTime;

    /// <summary>The last start; null before it.</summary>
    public RunStarted? Started { get; private set; }

    /// <summary>The end; null while the run lasts, and when its process died.</summary>
    public RunEnded? Ended { get; private set; }

    /// <summary>When the last event was told; null before the first.</summary>
    public DateTimeOffset? LastTime
    {
        get
        {
            // Of several words, unlike the references above.
            lock (_gate) return _lastTime;
        }
    }

    /// <summary>A copy of the events that are kept, in order.</summary>
    public IReadOnlyList<TrainingEvent> Events
    {
        get
        {
            lock (_gate) return [.. _events];
        }
    }

    /// <summary>The events of one type that are kept, in order.</summary>
    /// <typeparam name="TEvent">Which.</typeparam>
    public IReadOnlyList<TEvent> Of<TEvent>() where TEvent : TrainingEvent
    {
        lock (_gate) return [.. _events.OfType<TEvent>()];
    }

    /// <summary>Adds one event.</summary>
    /// <param name="e">The next in order. A <see cref="RunStarted"/> withdraws what was told of later steps.</param>
    public void Add(TrainingEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        lock (_gate)
        {
            if (e is EventsMissed) return;
            if (e is RunStarted started)
            {
                (Started, Ended) = (started, null);
                _events.RemoveAll(old => old is RunEnded || (old is LossRead or RanksRead or EvaluationRead or CheckpointRead && old.Step > e.Step));
                Recount();
            }
            if (e is RunEnded ended) Ended = ended;
            _lastTime = e.Time;
            _events.Add(e);
            Thin(e);
        }
    }

    /// <summary>Reads a run's file. A line that is cut short (the process was killed while it wrote) or of a type that this version does not know is passed over.</summary>
    /// <param name="path">A <c>runs/*.jsonl</c>; may be written to meanwhile.</param>
    /// <exception cref="AdaLoRAException">The file cannot be read, or no line of it is an event.</exception>
    public static RunHistory Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var history = new RunHistory();
        try
        {
            foreach (var e in RunLog.ReadEvents(path)) history.Add(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"The run log '{path}' cannot be read: {e.Message}", e);
        }
        return history.Started is null ? throw new AdaLoRAException($"'{path}' is not the log of a run: no line of it tells of a start.") : history;
    }

    // One pass in thousands of events: it runs on the training thread.
    private void Thin(TrainingEvent e)
    {
        int most = e is LossRead ? MostLosses : MostOthers;
        var type = e.GetType();
        int count = _counts.GetValueOrDefault(type) + 1;
        if (count > most)
        {
            int seen = 0;
            count -= _events.RemoveAll(o => o.GetType() == type && !ReferenceEquals(o, e) && ++seen % 2 == 0);
        }
        _counts[type] = count;
    }

    private void Recount()
    {
        _counts.Clear();
        foreach (var e in _events) _counts[e.GetType()] = _counts.GetValueOrDefault(e.GetType()) + 1;
    }
}
