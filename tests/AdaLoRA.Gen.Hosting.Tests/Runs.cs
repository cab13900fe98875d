using AdaLoRA.Gen.Optimization;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Runs of the tiny problem.</summary>
internal static class Runs
{
    public static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null)
    {
        var options = new TrainingOptions
        {
            Adapter = TinyModel.Plan.CreateOptions(),
            Steps = 40,
            BatchSize = 10,
            LearningRate = 0.02,
            OutputFolder = folder,
            Threads = 1,
            Progress = ProgressMode.Off,
        };
        configure?.Invoke(options);
        return options;
    }

    public static TrainingResult Run(TrainingOptions options, TinyTask? task = null, CancellationToken cancellation = default, params ITrainingObserver[] observers)
    {
        using var model = new TinyModel();
        return new Trainer<TinyModel>(model, task ?? new TinyTask(), options, observers).RunAsync(cancellation).GetAwaiter().GetResult();
    }

    /// <summary>Runs with an optimizer that learns one step late whether a step was applied, as on a device.</summary>
    public static TrainingResult RunLate(TrainingOptions options, TinyTask task, params ITrainingObserver[] observers)
    {
        using var model = new TinyModel();
        return new Trainer<TinyModel>(model, task, options, observers) { Tail = TailChoice.AtenLate }.RunAsync().GetAwaiter().GetResult();
    }

    /// <summary>Runs until <paramref name="step"/> steps are done, then cancels.</summary>
    public static TrainingResult RunUntil(int step, TrainingOptions options, TinyTask? task = null)
    {
        using var stop = new CancellationTokenSource();
        return Run(options, task, stop.Token, new StopAt(step, stop));
    }

    /// <summary>The bytes of a saved adapter, its head included.</summary>
    public static byte[] Bytes(string adapterFolder) =>
        [.. Directory.GetFiles(adapterFolder, "*.safetensors").Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];

    /// <summary>Names of the entries of the checkpoints' folder.</summary>
    public static IEnumerable<string> Checkpoints(string outputFolder) => Directory.GetFileSystemEntries(Path.Combine(outputFolder, "checkpoints")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    public static void AssertNoTemporaryFiles(TemporaryFolder folder) =>
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories), e => Path.GetFileName(e).StartsWith('.') || e.Contains(".tmp", StringComparison.Ordinal));

    public sealed class StopAt(int step, CancellationTokenSource stop) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e)
        {
            if (e.Step == step) stop.Cancel();
        }
    }
}
