using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using Xunit.Abstractions;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>On the device that the machine has: CUDA where there is one, else the CPU.</summary>
public class PrecisionTests(ITestOutputHelper output)
{
    private TrainingOptions Options(string folder, TrainingPrecision precision, Action<TrainingOptions>? configure = null)
    {
        output.WriteLine($"on {DeviceChoice.Resolve("auto")}");
        return Runs.Options(folder, o =>
        {
            (o.Device, o.Precision, o.EvaluateEvery, o.GradientAccumulation) = ("auto", precision, 10, 2);
            configure?.Invoke(o);
        });
    }

    [Fact]
    public void A_run_in_bf16_learns_what_a_run_in_fp32_learns()
    {
        using var folder = new TemporaryFolder();
        void Long(TrainingOptions o) => (o.Steps, o.EvaluateAtStart, o.EvaluateEvery) = (150, true, 0);
        var full = Runs.Run(Options(folder.File("fp32"), TrainingPrecision.Fp32, Long));
        var half = Runs.Run(Options(folder.File("bf16"), TrainingPrecision.Bf16, Long));
        Assert.NotEqual(Runs.Bytes(full.AdapterFolder), Runs.Bytes(half.AdapterFolder));
        // Before the first step both have computed in full precision, for evaluations do.
        Assert.Equal(full.Evaluations[0].Evaluation.Value, half.Evaluations[0].Evaluation.Value);
        Assert.True(half.Final!.Value < 0.35 * half.Evaluations[0].Evaluation.Value, $"{half.Evaluations[0].Evaluation.Value} → {half.Final.Value}");
        using var saved = SafetensorsFile.Open(Path.Combine(half.AdapterFolder, "adapter_model.safetensors"));
        foreach (string name in saved.Names)
        {
            using var tensor = saved.Read(name);
            Assert.Equal(torch.ScalarType.Float32, tensor.dtype);
        }
    }

    [Fact]
    public void Only_the_losses_are_computed_in_it()
    {
        using var folder = new TemporaryFolder();
        var device = DeviceChoice.Resolve("auto").type;
        var training = new List<bool>();
        var evaluating = new List<bool>();
        var task = new TinyTask { Training = (_, _, _) => training.Add(Autocast.IsEnabled(device)), Evaluating = _ => evaluating.Add(Autocast.IsEnabled(device)) };
        Runs.Run(Options(folder.File("bf16"), TrainingPrecision.Bf16), task);
        Assert.Equal(4, evaluating.Count);
        // The first is the dry run's.
        Assert.Equal(81, training.Count);
        Assert.All(evaluating, Assert.False);
        Assert.All(training, Assert.True);
        training.Clear();
        Runs.Run(Options(folder.File("fp32"), TrainingPrecision.Fp32), task);
        Assert.All(training, Assert.False);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(22)]
    public void A_resumed_run_in_bf16_goes_on_bit_for_bit(int step)
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole"), TrainingPrecision.Bf16));
        Runs.RunUntil(step, Options(folder.File("two"), TrainingPrecision.Bf16));
        var resumed = Runs.Run(Options(folder.File("two"), TrainingPrecision.Bf16, o => o.Resume = true));
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
    }

    [Fact]
    public void A_run_does_not_change_its_precision_unnoticed()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(10, Options(folder.Path, TrainingPrecision.Bf16));
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, TrainingPrecision.Fp32, o => o.Resume = true)));
        Assert.Contains("Precision was 'Bf16' and is 'Fp32'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_loss_that_throws_leaves_the_precision_as_it_was()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var device = DeviceChoice.Resolve("auto").type;
        bool? after = null;
        var task = new TinyTask { Training = (_, epoch, _) => { if (epoch == 1) throw new InvalidDataException("torn"); } };
        var observer = new OnFailure(() => after = Autocast.IsEnabled(device));
        await Assert.ThrowsAsync<InvalidDataException>(() => new Trainer<TinyModel>(model, task, Options(folder.Path, TrainingPrecision.Bf16), [observer]).RunAsync());
        Assert.False(after);
    }

    private sealed class OnFailure(Action action) : ITrainingObserver
    {
        public void OnFailed(Exception exception) => action();
    }
}
