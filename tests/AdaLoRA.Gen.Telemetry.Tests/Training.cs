using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Telemetry.Tests;

/// <summary>Runs of the tiny problem of the hosting tests.</summary>
internal static class Training
{
    public static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null)
    {
        var options = new TrainingOptions { Adapter = TinyModel.Plan.CreateOptions() };
        Configure(options, folder);
        configure?.Invoke(options);
        return options;
    }

    /// <summary>Runs with the event files written beside it, as an app without a host does it.</summary>
    /// <returns>The events as they were told.</returns>
    public static async Task<IReadOnlyList<TrainingEvent>> RunWithTensorBoard(TrainingOptions options, TinyTask? task = null)
    {
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, task ?? new TinyTask(), options);
        var writing = TensorBoardLog.WriteAsync(trainer.Run);
        try
        {
            await trainer.RunAsync();
        }
        catch (InvalidDataException)
        {
            // A test's task gave up; what was told is what counts.
        }
        Assert.Equal(0, await writing);
        return trainer.Run.History.Events;
    }

    public static IHost Host(TemporaryFolder folder, Action<AdaLoRABuilder<TinyModel>> configure, TinyTask? task = null, LogCapture? log = null, Action<IServiceCollection>? services = null)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(log ?? new LogCapture());
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        var run = builder.Services.AddAdaLoRA<TinyModel>(o => Configure(o, folder.Path)).UseTask(_ => task ?? new TinyTask());
        configure(run);
        services?.Invoke(builder.Services);
        return builder.Build();
    }

    public static string OnlyFolder(string outputFolder) => Assert.Single(Directory.GetDirectories(Path.Combine(outputFolder, TensorBoardLog.FolderName)));

    private static void Configure(TrainingOptions options, string folder)
    {
        (options.Steps, options.BatchSize, options.LearningRate, options.Threads, options.LogEvery) = (40, 10, 0.02, 1, 5);
        (options.OutputFolder, options.Progress) = (folder, ProgressMode.Off);
    }
}

/// <summary>A task one of whose losses is not a number, so that its step changes nothing.</summary>
internal sealed class PoisonedLoss(Func<bool> isNow) : TinyTask
{
    public override TorchSharp.torch.Tensor Loss(TinyModel model, TinyBatch batch)
    {
        var loss = base.Loss(model, batch);
        return isNow() ? loss * double.NaN : loss;
    }
}
