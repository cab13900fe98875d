using AdaLoRA.Gen.Testing;
using TorchSharp;
using Xunit.Abstractions;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>On the device that the machine has: CUDA where there is one, else the CPU.</summary>
public class DeviceTests(ITestOutputHelper output)
{
    [Fact]
    public void Auto_is_the_device_that_is_there()
    {
        string expected = cuda.is_available() ? "cuda:0" : "cpu";
        output.WriteLine($"on {expected}");
        Assert.Equal(expected, DeviceChoice.Resolve("auto").ToString());
        Assert.Equal(expected, DeviceChoice.Resolve("AUTO").ToString());
        Assert.Equal("cpu", DeviceChoice.Resolve("cpu").ToString());
    }

    [Fact]
    public void A_run_on_auto_says_where_it_is_and_what_memory_it_took()
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        var result = Runs.Run(Runs.Options(folder.Path, o => (o.Device, o.Prefetch) = ("auto", 2)), null, default, recorder);
        string device = recorder.Started!.Device;
        output.WriteLine($"on {device}: {result.PeakProcessBytes} bytes of the process, {result.PeakDeviceBytes} of the device");
        Assert.Equal(cuda.is_available() ? "cuda:0" : "cpu", device);
        // libtorch alone is more than 100 MB.
        if (!OperatingSystem.IsMacOS()) Assert.InRange(result.PeakProcessBytes!.Value, 100L << 20, 100L << 30);
        Assert.Equal(cuda.is_available(), result.PeakDeviceBytes is not null);
        Assert.Equal(cuda.is_available(), recorder.Started.DeviceBytes is not null);
        Assert.All(recorder.Steps, s => Assert.Equal(cuda.is_available() && s.Loss is not null, s.DeviceBytes is not null));
        Assert.Contains("\"peak_process_bytes\": ", File.ReadAllText(folder.File("metrics.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_is_sent_to_the_device_and_stays_when_it_is_there()
    {
        using var scope = NewDisposeScope();
        // No machine lacks the meta device, which shows who owns what as well as any other.
        var context = new TrainingContext(new TrainingOptions(), META);
        var x = ones(2, 3);
        var sent = context.Send(x);
        Assert.Equal((DeviceType.META, ScalarType.Float32, true), (sent.device_type, sent.dtype, x.IsInvalid));
        Assert.Same(sent, context.Send(sent));

        var here = new TrainingContext(new TrainingOptions(), DeviceChoice.Resolve("auto"));
        output.WriteLine($"on {here.Device}");
        var y = ones(2, 3);
        var there = here.Send(y);
        Assert.Equal(here.Device.type, there.device_type);
        Assert.Equal(6, there.sum().item<float>());
        Assert.Equal(here.Device.type != DeviceType.CPU, y.IsInvalid);
        Assert.Same(there, here.Send(there));
    }

    [Fact]
    public void Memory_shows_on_the_console_where_it_is_known()
    {
        var step = new StepCompleted(1, 10, 0.1, 1e-3, 4, 0.5, 0, 32, TimeSpan.FromSeconds(3));
        Assert.Equal("loss 0.5000  lr 1.00e-3  budget 4  32.0 ex/s", ProgressText.Numbers(step, 0.5, ""));
        Assert.Equal("loss 0.5000  lr 1.00e-3  budget 4  32.0 ex/s  12.35 GB", ProgressText.Numbers(step with { DeviceBytes = 12_345_678_901 }, 0.5, ""));
        using var folder = new TemporaryFolder();
        var result = Runs.Run(Runs.Options(folder.Path)) with { PeakProcessBytes = 250_000_000, PeakDeviceBytes = null };
        Assert.EndsWith(", peak memory 0.25 GB", ProgressText.Finished(result, false), StringComparison.Ordinal);
        Assert.EndsWith(", peak of the device 1.50 GB", ProgressText.Finished(result with { PeakDeviceBytes = 1_500_000_000 }, false), StringComparison.Ordinal);
        Assert.EndsWith("% of the base)", ProgressText.Finished(result with { PeakProcessBytes = null }, false), StringComparison.Ordinal);
    }
}
