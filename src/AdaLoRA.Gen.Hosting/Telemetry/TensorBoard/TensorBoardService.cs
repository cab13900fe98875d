using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Writes the event files of a host's runs. It listens before the first service starts and ends when the last has stopped, so that nothing of a run is missing, whatever the order of registration.</summary>
internal sealed class TensorBoardService(IEnumerable<TensorBoardRun> wanted, TrainingRuns runs, ILoggerFactory loggers) : IHostedLifecycleService
{
    private readonly ILogger _logger = loggers.CreateLogger("AdaLoRA.Gen.Hosting");
    private readonly List<(TrainingRun Run, CancellationTokenSource Stop, Task Writing)> _writing = [];

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var names = wanted.Select(w => w.Name).ToHashSet();
        foreach (var run in runs.Where(r => names.Contains(r.Name)))
        {
            var stop = new CancellationTokenSource();
            _writing.Add((run, stop, Task.Run(() => WriteAsync(run, stop.Token), CancellationToken.None)));
        }
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        foreach (var (run, stop, writing) in _writing)
        {
            // A run that was never begun will tell of no end.
            if (!run.HasEnded) await stop.CancelAsync().ConfigureAwait(false);
            await writing.ConfigureAwait(false);
            stop.Dispose();
        }
    }

    private async Task WriteAsync(TrainingRun run, CancellationToken cancellationToken)
    {
        try
        {
            long missed = await TensorBoardLog.WriteAsync(run, cancellationToken).ConfigureAwait(false);
            if (missed > 0) Log.TensorBoardBehind(_logger, run.Name, missed);
        }
        catch (AdaLoRAException e)
        {
            Log.TensorBoardFailed(_logger, run.Name, e.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }
}
