using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Hosting.Tests;

public class ResumeTests
{
    // Dropout in model and adapters, several epochs, evaluations and accumulation: everything that a resume could get wrong.
    private static TrainingOptions Options(string folder, Action<TrainingOptions>? configure = null) => Runs.Options(folder, o =>
    {
        (o.Steps, o.EvaluateEvery, o.CheckpointEvery, o.KeepBest, o.GradientAccumulation, o.Warmup) = (40, 10, 15, true, 2, 0.1);
        configure?.Invoke(o);
    });

    [Theory]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(17)]
    [InlineData(22)]
    [InlineData(39)]
    [InlineData(40)]
    public void A_cancelled_run_goes_on_bit_for_bit(int step)
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")));

        var stopped = Runs.RunUntil(step, Options(folder.File("two")));
        Assert.True(stopped.Interrupted);
        Assert.Equal(step, stopped.Steps);
        Assert.Equal(folder.File($"two/checkpoints/step-{step}"), stopped.Checkpoint);
        Assert.True(Directory.Exists(stopped.AdapterFolder));

        var recorder = new Recorder();
        var resumed = Runs.Run(Options(folder.File("two"), o => o.Resume = true), null, default, recorder);
        Assert.False(resumed.Interrupted);
        Assert.Equal(step, recorder.Started!.FirstStep);
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
        Assert.Equal(Runs.Bytes(whole.BestFolder!), Runs.Bytes(resumed.BestFolder!));
        Assert.Equal(whole.Evaluations.Select(e => (e.Step, e.Evaluation.Value)), resumed.Evaluations.Select(e => (e.Step, e.Evaluation.Value)));
        Assert.Equal(whole.Ranks, resumed.Ranks);
        Runs.AssertNoTemporaryFiles(folder);
    }

    [Fact]
    public void A_killed_run_goes_on_from_its_last_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")));
        Assert.Throws<InvalidDataException>(() => Runs.Run(Options(folder.File("two")), new TinyTask(), default, new KillAt(37)));
        Assert.Equal(["step-15", "step-30"], Checkpoints(folder.File("two")));
        // What a process killed while writing leaves behind.
        Directory.CreateDirectory(folder.File("two/checkpoints/.tmp-left"));
        var resumed = Runs.Run(Options(folder.File("two"), o => o.Resume = true));
        Assert.Equal(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(resumed.AdapterFolder));
        Assert.Equal(["step-30", "step-40"], Checkpoints(folder.File("two")));
        Runs.AssertNoTemporaryFiles(folder);
    }

    [Fact]
    public void Without_the_step_seeds_the_resumed_run_would_differ()
    {
        // Proves that the check above can fail: dropout does draw from the generator that the trainer seeds.
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.File("whole")));
        var disturbed = Runs.Run(Options(folder.File("two")), new TinyTask { Training = (_, _, _) => TorchSharp.torch.rand(1).Dispose() });
        Assert.NotEqual(Runs.Bytes(whole.AdapterFolder), Runs.Bytes(disturbed.AdapterFolder));
    }

    [Fact]
    public void An_evaluation_that_was_cancelled_is_made_up_for()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        int evaluations = 0;
        var task = new TinyTask { Evaluating = _ => { if (++evaluations == 2) stop.Cancel(); } };
        var stopped = Runs.Run(Options(folder.Path), task, stop.Token);
        Assert.True(stopped.Interrupted);
        Assert.Equal(20, stopped.Steps);
        Assert.Equal([10], stopped.Evaluations.Select(e => e.Step));
        var resumed = Runs.Run(Options(folder.Path, o => o.Resume = true));
        Assert.Equal([10, 20, 30, 40], resumed.Evaluations.Select(e => e.Step));
    }

    [Fact]
    public void A_run_stopped_before_its_first_step_leaves_the_adapter_of_the_run_before()
    {
        using var folder = new TemporaryFolder();
        byte[] before = Runs.Bytes(Runs.Run(Options(folder.Path)).AdapterFolder);
        var stopped = Runs.Run(Options(folder.Path), null, new CancellationToken(canceled: true));
        Assert.Equal((true, 0, null), (stopped.Interrupted, stopped.Steps, stopped.Checkpoint));
        Assert.Equal(before, Runs.Bytes(stopped.AdapterFolder));
    }

    [Fact]
    public void Resuming_a_complete_run_trains_nothing_more()
    {
        using var folder = new TemporaryFolder();
        var whole = Runs.Run(Options(folder.Path));
        byte[] before = Runs.Bytes(whole.AdapterFolder);
        var recorder = new Recorder();
        var again = Runs.Run(Options(folder.Path, o => o.Resume = true), null, default, recorder);
        Assert.Empty(recorder.Steps);
        Assert.Equal(whole.Final!.Value, again.Final!.Value);
        Assert.Equal(before, Runs.Bytes(again.AdapterFolder));
    }

    [Fact]
    public void Resume_without_a_checkpoint_starts_afresh()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(40, Runs.Run(Options(folder.Path, o => o.Resume = true)).Steps);
    }

    [Fact]
    public void A_changed_run_is_refused_and_every_change_named()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(20, Options(folder.Path));
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => (o.Resume, o.LearningRate, o.Adapter.Budget, o.Steps) = (true, 0.5, 3, 50))));
        Assert.Contains("LearningRate was '0.02' and is '0.5'", e.Message, StringComparison.Ordinal);
        Assert.Contains("Adapter:Budget was '4' and is '3'", e.Message, StringComparison.Ordinal);
        Assert.Contains("steps of the run was '40' and is '50'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_change_the_result_may_change()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(20, Options(folder.Path));
        Assert.Equal(40, Runs.Run(Options(folder.Path, o => (o.Resume, o.LogEvery, o.EvaluateEvery, o.KeepBest, o.CheckpointEvery) = (true, 3, 0, false, 0))).Steps);
    }

    [Fact]
    public void Without_resuming_a_run_does_not_walk_over_an_interrupted_one()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(20, Options(folder.Path));
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Options(folder.Path, o => o.Resume = false)));
        Assert.Contains("stopped at step 20 of 40; leave Resume out", e.Message, StringComparison.Ordinal);
        Assert.Equal(["step-15", "step-20"], Checkpoints(folder.Path));
    }

    [Fact]
    public void A_fresh_run_takes_the_place_of_a_complete_one()
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Options(folder.Path));
        Runs.RunUntil(5, Options(folder.Path));
        Assert.Equal(["step-5"], Checkpoints(folder.Path));
    }

    [Fact]
    public void The_state_is_readable()
    {
        using var folder = new TemporaryFolder();
        var stopped = Runs.RunUntil(20, Options(folder.Path, o => (o.Seed, o.BestWithinBudget) = (6, false)));
        var state = JsonNode.Parse(File.ReadAllText(Path.Combine(stopped.Checkpoint!, "state.json")))!;
        Assert.Equal(20, (int)state["step"]!);
        Assert.Equal(40, (int)state["total_steps"]!);
        Assert.Equal(6, (int)state["seed"]!);
        Assert.Equal(1, (int)state["threads"]!);
        Assert.Equal("0.02", (string)state["options"]!["LearningRate"]!);
        Assert.Equal(stopped.Best!.Step, (int)state["best"]!["step"]!);
        Assert.Equal("error", (string)state["best"]!["evaluation"]!["metric"]!);
        // 20 attempts of 2 batches, 7 batches an epoch.
        Assert.Equal(20, (long)state["attempts"]!);
        Assert.Equal((5, 5), ((int)state["next"]!["epoch"]!, (int)state["next"]!["batch"]!));
        Assert.Equal((string)JsonNode.Parse(File.ReadAllText(Path.Combine(stopped.Checkpoint!, "training.json")))!["fingerprint"]!, (string)state["plan"]!);
        Assert.StartsWith("2.", (string)state["versions"]!["libtorch"]!, StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.UtcNow - DateTimeOffset.Parse((string)state["written"]!, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    private static IEnumerable<string> Checkpoints(string folder) => Runs.Checkpoints(folder);

    private sealed class KillAt(int step) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e)
        {
            if (e.Step == step) throw new InvalidDataException("killed");
        }
    }
}
