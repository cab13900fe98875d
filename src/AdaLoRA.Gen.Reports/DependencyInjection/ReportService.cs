using System.Diagnostics.CodeAnalysis;
using AdaLoRA.Gen.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Reports;

/// <summary>Notes that a run wants a report.</summary>
/// <param name="Name">Under which the run was registered.</param>
internal sealed record ReportedRun(string Name);

/// <summary>Waits for the end of each run and writes its report.</summary>
internal sealed class ReportService(TrainingRuns runs, IEnumerable<ReportedRun> reported, ILogger<ReportService> logger) : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _giveUp = new();
    private readonly List<(TrainingRun Run, Task Report)> _reports = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var one in reported)
        {
            if (runs.TryGet(one.Name, out var run)) _reports.Add((run, Task.Run(() => ReportAsync(run), CancellationToken.None)));
        }
        return Task.CompletedTask;
    }

    /// <summary>All services have stopped, so every run has ended: not before, since a run is told to stop only after the services that were added later.</summary>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        // A run that never came to its turn has no end to wait for.
        if (_reports.Exists(r => !r.Run.HasEnded)) await _giveUp.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_reports.Select(r => r.Report)).ConfigureAwait(false);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _giveUp.Dispose();

    [SuppressMessage("Design", "CA1031", Justification = "Whatever fails is a warning: the run did what it was to do.")]
    private async Task ReportAsync(TrainingRun run)
    {
        try
        {
            // One event may wait, so that training hands over next to nothing; what counts is the end.
            await foreach (var _ in run.ReadEventsAsync(capacity: 1, _giveUp.Token).ConfigureAwait(false)) { }
        }
        catch (OperationCanceledException) when (!run.HasEnded)
        {
            return;
        }
        catch (OperationCanceledException)
        {
            // Another run had not come to its turn; this one has ended.
        }
        // It failed before it was known what it is: the reason is in the log.
        if (run.History.Started is not { } started) return;
        try
        {
            RunReport.RemoveLeftovers(started.OutputFolder, started.Run);
            var files = RunReport.Write(run.History, started.OutputFolder);
            Log.Written(logger, run.Name, files.Page);
            if (files.Missing is { } missing) Log.NoPictures(logger, run.Name, missing);
        }
        catch (Exception e)
        {
            Log.Failed(logger, run.Name, e.Message);
        }
    }
}
