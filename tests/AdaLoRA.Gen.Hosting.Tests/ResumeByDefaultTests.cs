using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>What a run does with what it finds in its folder, as a restarted container does: nothing is said about resuming.</summary>
public class ResumeByDefaultTests
{
    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        o.EvaluateEvery = 10;
        configure?.Invoke(o);
    });

    [Fact]
    public async Task An_interrupted_run_goes_on_to_the_same_adapter_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")));
        Runs.RunUntil(17, Options(folder.File("two")));
        var recorder = new Recorder();
        using var model = new TinyModel();
        var trainer = new Trainer<TinyModel>(model, new TinyTask(), Options(folder.File("two")), [recorder]);
        var resumed = await trainer.RunAsync();
        Assert.Equal(17, recorder.Started!.FirstStep);
        string checkpoint = folder.File("two/checkpoints/step-17");
        Assert.Equal(checkpoint, trainer.Run.History.Started!.ResumedFrom);
        Assert.Contains($"goes on from step 17 of 40 ({checkpoint}), ", ProgressText.Started(recorder.Started), StringComparison.Ordinal);
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public void A_complete_run_is_replaced(int checkpointEvery)
    {
        using var folder = new TemporaryFolder();
        var first = Runs.Run(Options(folder.Path, o => o.CheckpointEvery = checkpointEvery));
        var recorder = new Recorder();
        // Another one, and not refused for it.
        var second = Runs.Run(Options(folder.Path, o => (o.CheckpointEvery, o.LearningRate) = (checkpointEvery, 0.01)), null, default, recorder);
        Assert.Equal(40, recorder.Steps.Count);
        Assert.NotEqual(first.Run, second.Run);
    }

    [Fact]
    public void A_run_killed_between_its_last_checkpoint_and_its_result_trains_nothing_again()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Runs.Bytes(Runs.Run(Options(folder.Path, o => o.CheckpointEvery = 10)).AdapterFolder);
        Directory.Delete(folder.File("adapter"), recursive: true);
        File.Delete(folder.File("metrics.json"));
        var recorder = new Recorder();
        var result = Runs.Run(Options(folder.Path, o => o.CheckpointEvery = 10), null, default, recorder);
        Assert.Empty(recorder.Steps);
        Assert.Equal(whole, Runs.Bytes(result.AdapterFolder));
        Assert.True(File.Exists(folder.File("metrics.json")));
    }

    [Fact]
    public void The_result_of_the_run_before_is_not_this_ones()
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Options(folder.Path));
        string before = File.ReadAllText(folder.File("metrics.json"));
        byte[] whole = Runs.Bytes(Runs.Run(Options(folder.Path, o => (o.CheckpointEvery, o.LearningRate) = (10, 0.01))).AdapterFolder);
        File.WriteAllText(folder.File("metrics.json"), before);
        var recorder = new Recorder();
        var result = Runs.Run(Options(folder.Path, o => (o.CheckpointEvery, o.LearningRate) = (10, 0.01)), null, default, recorder);
        Assert.Empty(recorder.Steps);
        Assert.Equal(whole, Runs.Bytes(result.AdapterFolder));
    }

    [Fact]
    public void An_interrupted_run_of_other_options_is_refused_with_the_differences_and_what_to_do()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(20, Options(folder.Path));
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => o.LearningRate = 0.5)));
        Assert.Equal(
            $"The checkpoint '{folder.File("checkpoints/step-20")}' belongs to another run: LearningRate was '0.02' and is '0.5'. Restore the values to go on with it, delete '{folder.File("checkpoints")}' to start again, or choose another OutputFolder.",
            e.Message);
        Assert.Equal(["step-20"], Runs.Checkpoints(folder.Path));
    }

    [Fact]
    public void Epochs_that_make_too_many_steps_are_one_sentence()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => (o.Steps, o.Epochs) = (0, 1e12))));
        Assert.Equal("Epochs is 1000000000000: with 7 batches an epoch that would be 7000000000000 steps; a run has at most 2147483647.", e.Message);
    }
}
