using AdaLoRA.Gen.Optimization;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Trains one model on one task. In a hosted app <see cref="TrainingService{TModel}"/> runs it; without a host it is made and run directly.</summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed partial class Trainer<TModel>
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly TModel _model;
    private readonly ITrainingTask<TModel> _task;
    private readonly TrainingOptions _options;
    private readonly ObserverList _observers;
    private readonly RunRecorder _recorder;
    private int _running;

    /// <summary>For tests: what the optimizer computes on.</summary>
    internal TailChoice Tail { get; init; }

    /// <summary>Creates a trainer.</summary>
    /// <param name="model">Gets its adapters when the run starts, unless it has some. Stays the caller's.</param>
    /// <param name="task">Batches, loss and metric.</param>
    /// <param name="options">Not changed, and not to be changed while the run lasts.</param>
    /// <param name="observers">Hear what happens.</param>
    /// <exception cref="AdaLoRAException">Values are out of range; all of them are named.</exception>
    public Trainer(TModel model, ITrainingTask<TModel> task, TrainingOptions options, IEnumerable<ITrainingObserver>? observers = null)
        : this(model, task, options, observers, run: null)
    {
    }

    internal Trainer(TModel model, ITrainingTask<TModel> task, TrainingOptions options, IEnumerable<ITrainingObserver>? observers, TrainingRun? run)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        var broken = options.Validate();
        if (broken.Count > 0) throw new AdaLoRAException($"The training options of {TModel.Plan.ModelName} cannot be used: {string.Join(" ", broken)}");
        _model = model;
        _task = task;
        _options = options;
        Run = run ?? new TrainingRun(TModel.Plan.ModelName, TModel.Plan.ModelName);
        _recorder = new RunRecorder(Run, () => task.Card);
        _observers = new ObserverList([.. observers ?? [], _recorder]);
        _recorder.Notify = _observers.OnNotice;
    }

    /// <summary>Where the run is, its events, and the buttons.</summary>
    public TrainingRun Run { get; }

    /// <summary>Runs to the end, or until it is stopped. Runs of one process take turns, in the order in which they were started. Stopping finishes the step under way, writes a checkpoint and saves the adapter; the result then says interrupted, nothing is thrown.</summary>
    /// <param name="cancellationToken">Stops the run, as <see cref="TrainingRun.Stop"/> does.</param>
    /// <exception cref="OperationCanceledException">It was stopped while other runs were before it, so that it left no trace.</exception>
    /// <exception cref="AdaLoRAException">The device is not there, the task cannot work, the checkpoint belongs to another run, …</exception>
    public async Task<TrainingResult> RunAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _running, 1) == 1) throw new AdaLoRAException($"The trainer of {TModel.Plan.ModelName} has run already; make a new one.");
        using var turn = new RunTurn(Run);
        return await RunAsync(turn, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As <see cref="RunAsync(CancellationToken)"/>, and reports the run's events.</summary>
    /// <param name="progress">
    /// Gets every event in order, away from the training thread, which never waits for it; all have been reported when the task completes. One that falls behind by more than 1,024 events gets <see cref="EventsMissed"/> for the oldest; one
    /// that throws gets no more, and the run goes on.
    /// </param>
    /// <param name="cancellationToken">Stops the run.</param>
    public async Task<TrainingResult> RunAsync(IProgress<TrainingEvent> progress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(progress);
        if (Volatile.Read(ref _running) == 1) return await RunAsync(cancellationToken).ConfigureAwait(false);
        var reporting = Task.Run(() => ReportAsync(progress), CancellationToken.None);
        try
        {
            return await RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await reporting.ConfigureAwait(false);
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "What a display throws must not cost the run.")]
    private async Task ReportAsync(IProgress<TrainingEvent> progress)
    {
        try
        {
            await foreach (var e in Run.ReadEventsAsync().ConfigureAwait(false)) progress.Report(e);
        }
        catch (Exception e)
        {
            if (!Run.HasEnded) Run.Tell(new RunNotice { Step = Run.Pulse.Steps, Text = $"The progress of the run is no longer reported: {e.GetType().Name}: {e.Message}" });
        }
    }

    /// <param name="turn">The run's place in the queue.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    internal async Task<TrainingResult> RunAsync(RunTurn turn, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Run.Stopped);
        await turn.WaitAsync(stop.Token).ConfigureAwait(false);
        var completion = new TaskCompletionSource<TrainingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Dispose scopes, no_grad and the number of threads belong to a thread, and an await would leave it.
        var thread = new Thread(() =>
        {
            try
            {
                completion.SetResult(RunAlone(stop.Token));
            }
            catch (Exception e)
            {
                _observers.OnFailed(e);
                completion.SetException(e);
            }
            finally
            {
                _recorder.Close();
            }
        })
        { IsBackground = true, Name = $"Training {Run.Name}" };
        thread.Start();
        return await completion.Task.ConfigureAwait(false);
    }

    /// <summary>The number of threads is the process's, too: the next run is to choose from all of them.</summary>
    private TrainingResult RunAlone(CancellationToken cancellationToken)
    {
        int threads = torch.get_num_threads();
        using var activity = RunActivity.StartRun(Run);
        try
        {
            var result = Train(cancellationToken);
            activity?.Ended(result);
            return result;
        }
        catch (Exception e) when (activity is not null)
        {
            activity.Failed(e);
            activity.SetTag(AdaLoRATelemetry.Outcome, "failed");
            throw;
        }
        finally
        {
            torch.set_num_threads(threads);
        }
    }
}
