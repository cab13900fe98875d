using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Runs one run in a host. When the last run of the app is done, the app stops (unless <see cref="AdaLoRABuilderExtensions.KeepAppRunning"/>). <see cref="Environment.ExitCode"/> is then 0 (done), 130 (interrupted, as a
/// shell expects after Ctrl-C) or 1 (failed; the reason is one line in the log, its stack trace is logged as Debug).
/// </summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed class TrainingService<TModel> : BackgroundService
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    /// <summary>Exit code of a run that was stopped before its end.</summary>
    public const int Interrupted = 130;

    private readonly IServiceProvider _services;
    private readonly TrainingGroup _group;
    private readonly ILogger _logger;
    private RunTurn? _turn;
    private int _begun;

    // Model, task and trainer are made when training starts, so that options are checked before anything is loaded.
    internal TrainingService(IServiceProvider services, TrainingRun run, TrainingGroup group, ILoggerFactory loggers)
    {
        _services = services;
        Run = run;
        _group = group;
        _group.Join();
        _logger = loggers.CreateLogger("AdaLoRA.Gen.Hosting");
    }

    /// <summary>Where the run is, its events, and the buttons.</summary>
    public TrainingRun Run { get; }

    /// <summary>What the run did; null while it lasts, after a failure, and when it was stopped before its turn came.</summary>
    public TrainingResult? Result { get; private set; }

    /// <summary>Why the run failed; null when it did not.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Takes the run's place in the queue: runs train in the order in which they were added.</summary>
    /// <param name="cancellationToken">The host's start is abandoned.</param>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _turn = new RunTurn(Run);
        return base.StartAsync(cancellationToken);
    }

    /// <summary>Waits for the step under way and its checkpoint, however long they take: a host's time limit must not cost the run.</summary>
    /// <param name="cancellationToken">The host's time limit; not heeded.</param>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(CancellationToken.None).ConfigureAwait(false);
        EndUnbegun();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        // Of a host that never started fully.
        EndUnbegun();
    }

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever fails becomes one line and an exit code.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Interlocked.Exchange(ref _begun, 1) == 1) return;
        int exitCode = 1;
        try
        {
            // Making the model may take a while; the host goes on starting meanwhile.
            await Task.Yield();
            exitCode = await TrainAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Error = e;
            Run.Fail(e);
            Log.Failed(_logger, Run.Name, FirstLine(e));
            Log.FailedTrace(_logger, Run.Name, e);
        }
        finally
        {
            _turn!.Dispose();
            _group.Leave(exitCode);
        }
    }

    /// <summary>A host that stops while it starts cancels the work before its first line, which then never comes to leave the queue.</summary>
    private void EndUnbegun()
    {
        if (_turn is null || Interlocked.Exchange(ref _begun, 1) == 1) return;
        Run.EndUnstarted();
        _turn.Dispose();
        _group.Leave(Interrupted);
    }

    private async Task<int> TrainAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, Run.Stopped);
            await _turn!.WaitAsync(stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
        // Only now: a run that waits holds no model.
        var trainer = _services.GetRequiredKeyedService<Trainer<TModel>>(Run.Name);
        Result = await trainer.RunAsync(_turn, stoppingToken).ConfigureAwait(false);
        return Result.Interrupted ? Interrupted : 0;
    }

    // libtorch appends its C++ stack to the message; the first line is the sentence. A sentence of ours may well have several lines.
    private static string FirstLine(Exception e) =>
        e is AdaLoRAException ? e.Message : $"{e.GetType().Name}: {e.Message.AsSpan().TrimStart().ToString().Split('\n', 2)[0].TrimEnd()}";
}
