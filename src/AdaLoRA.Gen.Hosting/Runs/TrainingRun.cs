using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// One run: where it is, what happened so far, and the buttons. Safe to use from any thread; what is asked for happens between two steps. A hosted app finds its runs in <see cref="TrainingRuns"/>, a trainer without a
/// host shows its own as <see cref="Trainer{TModel}.Run"/>.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A source of cancellation that nobody waits on with a timer holds nothing to dispose of.")]
public sealed class TrainingRun
{
    private readonly Lock _gate = new();
    private readonly List<Subscriber> _subscribers = [];
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _isPaused;
    private long _number;
    private volatile bool _checkpoint;
    private volatile RunState _state;

    internal TrainingRun(string name, string model, TimeProvider? time = null)
    {
        Name = name;
        Model = model;
        Time = time ?? TimeProvider.System;
    }

    /// <summary>Name under which the run was registered.</summary>
    public string Name { get; }

    /// <summary>The annotated model.</summary>
    public string Model { get; }

    /// <summary>Where the run is.</summary>
    public RunState State => _state;

    /// <summary>Whether the run has come to its end, one way or another.</summary>
    public bool HasEnded => _state is RunState.Finished or RunState.Interrupted or RunState.Failed;

    /// <summary>Everything so far.</summary>
    public RunHistory History { get; } = new();

    internal TimeProvider Time { get; }

    /// <summary>When the run last got on, and how fast it does.</summary>
    internal RunPulse Pulse { get; } = new();

    /// <summary>Set when <see cref="Stop"/> was called.</summary>
    internal CancellationToken Stopped => _stop.Token;

    /// <summary>Whether the run is asked to wait.</summary>
    public bool IsPauseRequested => _isPaused;

    /// <summary>Lets the run wait between two steps. Nothing happens when it waits already or has ended.</summary>
    public void Pause()
    {
        if (!HasEnded) _isPaused = true;
    }

    /// <summary>Lets a run that waits go on.</summary>
    public void Continue() => _isPaused = false;

    /// <summary>Has a checkpoint written after the step under way, also of a run that waits.</summary>
    public void CheckpointNow() => _checkpoint = true;

    /// <summary>Stops the run as Ctrl-C does: the step under way is finished, a checkpoint and the adapter are written; the other runs of the app go on.</summary>
    public void Stop()
    {
        _stop.Cancel();
        lock (_gate)
        {
            if (_state is RunState.Preparing or RunState.Training or RunState.Paused) _state = RunState.Stopping;
        }
    }

    /// <summary>
    /// The run's events, from its first on: those that are kept in <see cref="History"/>, then each when it happens, until the run has ended. Training never waits for a reader: one that falls behind by more than
    /// <paramref name="capacity"/> events loses the oldest and gets <see cref="EventsMissed"/> in their place.
    /// </summary>
    /// <param name="capacity">Events that may wait for this reader, at least 1. Default 1,024.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async IAsyncEnumerable<TrainingEvent> ReadEventsAsync(int capacity = 1024, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        var subscriber = new Subscriber(capacity);
        IReadOnlyList<TrainingEvent> before;
        lock (_gate)
        {
            before = History.Events;
            if (HasEnded) subscriber.Events.Writer.Complete();
            else _subscribers.Add(subscriber);
        }
        try
        {
            foreach (var e in before) yield return e;
            await foreach (var e in subscriber.Events.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (subscriber.TakeMissed() is > 0 and var missed) yield return new EventsMissed { Count = missed, Number = e.Number, Time = e.Time, Step = e.Step };
                yield return e;
            }
        }
        finally
        {
            lock (_gate) _subscribers.Remove(subscriber);
        }
    }

    /// <summary>The event as it is told: numbered and dated.</summary>
    internal TrainingEvent Tell(TrainingEvent e)
    {
        lock (_gate)
        {
            e = e with { Number = ++_number, Time = Time.GetUtcNow() };
            History.Add(e);
            foreach (var s in _subscribers) s.Events.Writer.TryWrite(e);
            if (e is RunEnded ended) End(ended.State);
        }
        return e;
    }

    internal void Enter(RunState state)
    {
        lock (_gate)
        {
            if (HasEnded || (_state == RunState.Stopping && state is RunState.Preparing or RunState.Training or RunState.Paused)) return;
            _state = state;
        }
    }

    /// <summary>Called between two steps; costs two reads when nothing is asked for.</summary>
    internal bool TakeCheckpointRequest()
    {
        if (!_checkpoint) return false;
        _checkpoint = false;
        return true;
    }

    /// <summary>Waits while the run is paused.</summary>
    /// <returns>Whether it may go on; false when there is something else to do meanwhile: a checkpoint to write, or to stop.</returns>
    internal bool WaitWhilePaused(CancellationToken cancellationToken)
    {
        while (_isPaused && !_checkpoint && !cancellationToken.IsCancellationRequested)
        {
            // At once by human measure, and no event to dispose of.
            cancellationToken.WaitHandle.WaitOne(50);
        }
        return !_isPaused;
    }

    /// <summary>The last event of a run that failed.</summary>
    internal static RunEnded Failure(int step, Exception e) =>
        new() { Step = step, State = RunState.Failed, Reason = e is AdaLoRAException ? e.Message : $"{e.GetType().Name}: {e.Message.TrimStart().Split('\n')[0].TrimEnd()}" };

    /// <summary>Failed before it could train: the model could not be made, say.</summary>
    internal void Fail(Exception e)
    {
        if (!HasEnded) Tell(Failure(0, e));
    }

    /// <summary>Stopped while other runs were before it.</summary>
    internal void EndUnstarted()
    {
        lock (_gate)
        {
            if (!HasEnded) End(RunState.Interrupted);
        }
    }

    private void End(RunState state)
    {
        _state = state;
        foreach (var s in _subscribers) s.Events.Writer.TryComplete();
        _subscribers.Clear();
    }

    private sealed class Subscriber
    {
        private long _missed;

        public Subscriber(int capacity) =>
            Events = Channel.CreateBounded<TrainingEvent>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true }, _ => Interlocked.Increment(ref _missed));

        public Channel<TrainingEvent> Events { get; }

        public long TakeMissed() => Interlocked.Exchange(ref _missed, 0);
    }
}
