namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// A run's place in the queue of its process: first come, first served. One run trains at a time, on whatever device: libtorch's generators are seeded all at once, so two runs would draw from each other's stream, and the number of
/// threads is the process's.
/// </summary>
internal sealed class RunTurn : IDisposable
{
    // Its waiters are served in the order in which they came.
    private static readonly SemaphoreSlim One = new(1, 1);

    private readonly CancellationTokenSource _leave = new();
    private readonly TrainingRun _run;
    private readonly Task _turn;
    private int _left;

    /// <summary>Takes the place.</summary>
    public RunTurn(TrainingRun run)
    {
        _run = run;
        _turn = One.WaitAsync(_leave.Token);
        run.Enter(_turn.IsCompleted ? RunState.Preparing : RunState.Queued);
    }

    /// <summary>Waits for the runs before.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped before its turn came.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _run.EndUnstarted();
            throw;
        }
        _run.Enter(RunState.Preparing);
    }

    /// <summary>Lets the next run begin.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 1) return;
        _leave.Cancel();
        // Its turn may have come in the moment of leaving.
        _ = _turn.ContinueWith(t =>
        {
            if (t.Status == TaskStatus.RanToCompletion) One.Release();
            _leave.Dispose();
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
