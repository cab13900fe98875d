using System.Diagnostics.Metrics;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class AllocationTests
{
    private const int Steps = 10_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_step_allocates_nothing_on_the_training_thread(bool isListened)
    {
        using var folder = new TemporaryFolder();
        using var listener = new MeterListener { InstrumentPublished = (instrument, l) => { if (instrument.Meter.Name == AdaLoRATelemetry.MeterName) l.EnableMeasurementEvents(instrument); } };
        long measured = 0;
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => measured += tags.Length);
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => measured += tags.Length);
        if (isListened) listener.Start();

        var metrics = new TrainingMetrics();
        // A run gives it adapters and a name.
        using var model = new TinyModel();
        await new Trainer<TinyModel>(model, new TinyTask(), Training.Options(folder.Path), [metrics]).RunAsync();
        var quiet = new StepCompleted(1, 100, 0.1, 0.01, 4, null, 0, 100, TimeSpan.Zero) { Seconds = 0.01 };
        var read = quiet with { Loss = 0.5, GradientNorm = 1, Regulariser = 0.1, DeviceBytes = 1 };
        Tell(metrics, quiet, read, 100);
        measured = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        Tell(metrics, quiet, read, Steps);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        // A step: 3 measurements of 3 tags; a reading of the loss: 8 more, one of them with 4.
        Assert.Equal(isListened ? Steps * (9 + 9 + 25L) : 0, measured);
    }

    private static void Tell(TrainingMetrics metrics, in StepCompleted quiet, in StepCompleted read, int times)
    {
        for (int i = 0; i < times; i++)
        {
            metrics.OnStep(quiet);
            metrics.OnStep(read);
        }
    }
}
