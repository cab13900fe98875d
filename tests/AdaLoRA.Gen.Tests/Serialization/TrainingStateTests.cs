using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Serialization;

public sealed class TrainingStateTests
{
    [Theory]
    [InlineData(ScalarType.Float32, OptimizerKind.AdamW, 1)]
    [InlineData(ScalarType.Float32, OptimizerKind.AdamW, 5)]
    [InlineData(ScalarType.Float32, OptimizerKind.Sgd, 7)]
    [InlineData(ScalarType.Float64, OptimizerKind.AdamW, 7)]
    [InlineData(ScalarType.Float32, OptimizerKind.AdamW, 9)]
    public void A_resumed_run_goes_on_bit_for_bit(ScalarType dtype, OptimizerKind kind, int at)
    {
        using var folder = new TemporaryFolder();
        using var whole = new Run(dtype, kind: kind, clip: 0.5);
        whole.Steps(at);
        whole.Optimizer.SaveState(folder.Path);
        whole.Steps(12 - at);

        using var resumed = new Run(dtype, o => o.Seed = 99, kind, clip: 0.5);
        for (int i = 0; i < at; i++) resumed.SkipBatch();
        resumed.Optimizer.LoadState(folder.Path);
        Assert.Equal(at, resumed.Optimizer.StepsCompleted);
        resumed.Steps(12 - at);
        Assert.Equal(whole.Everything(), resumed.Everything());
    }

    [Fact]
    public void Another_plan_is_refused_with_the_target_that_differs()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(2);
        run.Optimizer.SaveState(folder.Path);
        using var other = new Run(ScalarType.Float32, o => o.InitialRank = 3);
        var before = other.Everything();
        var error = Assert.Throws<AdaLoRAException>(() => other.Optimizer.LoadState(folder.Path));
        Assert.Contains("\"first\"", error.Message);
        Assert.Equal(before, other.Everything());
    }

    [Fact]
    public void Another_budget_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(2);
        run.Optimizer.SaveState(folder.Path);
        using var other = new Run(ScalarType.Float32, o => o.Budget = 5);
        Assert.Contains("budget 4, this run has 5", Assert.Throws<AdaLoRAException>(() => other.Optimizer.LoadState(folder.Path)).Message);
    }

    [Fact]
    public void A_state_that_was_interrupted_between_its_files_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Steps(2);
        run.Optimizer.SaveState(folder.Path);
        string json = File.ReadAllText(folder.File("training.json"));
        run.Steps(2);
        run.Optimizer.SaveState(folder.Path);
        File.WriteAllText(folder.File("training.json"), json);
        Assert.Contains("interrupted", Assert.Throws<AdaLoRAException>(() => run.Optimizer.LoadState(folder.Path)).Message);
    }

    [Fact]
    public void A_state_from_before_the_heads_first_gradient_resets_its_moments()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        run.Optimizer.SaveState(folder.Path);
        var start = run.Everything();
        run.Steps(3);
        run.Optimizer.LoadState(folder.Path);
        Assert.Equal(start, run.Everything());
        Assert.All(run.Optimizer.TrainableStates, s => Assert.Equal(0, s.M!.abs().sum().item<float>()));
    }

    [Fact]
    public void A_folder_without_state_is_named()
    {
        using var folder = new TemporaryFolder();
        using var run = new Run(ScalarType.Float32);
        Assert.Contains(folder.Path, Assert.Throws<AdaLoRAException>(() => run.Optimizer.LoadState(folder.Path)).Message);
    }
}
