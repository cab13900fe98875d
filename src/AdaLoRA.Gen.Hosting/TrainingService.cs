using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Runs the trainer in a host and stops the app when it is done (with several models: when the last one is). <see cref="Environment.ExitCode"/> is then 0 (done), 130 (interrupted, as a shell expects after Ctrl-C) or 1 (failed;
/// the reason is one line in the log, its stack trace is logged as Debug).
/// </summary>
/// <typeparam name="TModel">The annotated model.</typeparam>
public sealed class TrainingService<TModel> : BackgroundService
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    /// <summary>Exit code of a run that was stopped before its end.</summary>
    public const int Interrupted = 130;

    private readonly IServiceProvider _services;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly TrainingGroup _group;
    private readonly ILogger _logger;

    /// <summary>Made by the container.</summary>
    /// <param name="services">Model, task and trainer are made when training starts, so that options are checked before anything is loaded.</param>
    /// <param name="lifetime">Stopped at the end.</param>
    /// <param name="loggers">Takes the reason of a failure.</param>
    public TrainingService(IServiceProvider services, IHostApplicationLifetime lifetime, ILoggerFactory loggers)
    {
        _services = services;
        _lifetime = lifetime;
        _group = services.GetRequiredService<TrainingGroup>();
        _group.Join();
        _logger = loggers.CreateLogger("AdaLoRA.Gen.Hosting");
    }

    /// <summary>What the run did; null while it lasts and after a failure.</summary>
    public TrainingResult? Result { get; private set; }

    /// <summary>Why the run failed; null when it did not.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Waits for the step under way and its checkpoint, however long they take: a host's time limit must not cost the run.</summary>
    /// <param name="cancellationToken">The host's time limit; not heeded.</param>
    public override Task StopAsync(CancellationToken cancellationToken) => base.StopAsync(CancellationToken.None);

    /// <inheritdoc/>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever fails becomes one line and an exit code.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        int exitCode = 1;
        try
        {
            // Making the model may take a while; the host goes on starting meanwhile.
            await Task.Yield();
            var trainer = _services.GetRequiredService<Trainer<TModel>>();
            Result = await trainer.RunAsync(stoppingToken).ConfigureAwait(false);
            exitCode = Result.Interrupted ? Interrupted : 0;
        }
        catch (Exception e)
        {
            Error = e;
            Log.Failed(_logger, TModel.Plan.ModelName, FirstLine(e));
            Log.FailedTrace(_logger, TModel.Plan.ModelName, e);
        }
        finally
        {
            if (_group.Leave(exitCode)) _lifetime.StopApplication();
        }
    }

    // libtorch appends its C++ stack to the message; the first line is the sentence. A sentence of ours may well have several lines.
    private static string FirstLine(Exception e) =>
        e is AdaLoRAException ? e.Message : $"{e.GetType().Name}: {e.Message.AsSpan().TrimStart().ToString().Split('\n', 2)[0].TrimEnd()}";
}
