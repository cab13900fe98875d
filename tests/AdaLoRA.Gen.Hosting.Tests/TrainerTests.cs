using System.Text.Json;
using AdaLoRA.Gen.Testing;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting.Tests;

public class TrainerTests
{
    [Fact]
    public void Learns_and_tells_what_it_did()
    {
        using var folder = new TemporaryFolder();
        var result = Runs.Run(Runs.Options(folder.Path, o => (o.Steps, o.EvaluateAtStart, o.EvaluateEvery) = (150, true, 50)));

        Assert.Equal([0, 50, 100, 150], result.Evaluations.Select(e => e.Step));
        Assert.True(result.Final!.Value < 0.35 * result.Evaluations[0].Evaluation.Value, $"{result.Evaluations[0].Evaluation.Value} → {result.Final.Value}");
        Assert.Equal(4, result.Ranks.Values.Sum());
        Assert.Equal(TinyModel.Targets, result.Ranks.Keys);
        Assert.False(result.Interrupted);
        Assert.Equal(0, result.SkippedSteps);
        Assert.True(result.SamplesPerSecond > 0);
        Assert.True(double.IsFinite(result.LastLoss!.Value));
        Assert.True(File.Exists(Path.Combine(result.AdapterFolder, "adapter_model.safetensors")));
        using var metrics = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        Assert.Equal(150, metrics.RootElement.GetProperty("steps").GetInt32());
        Assert.Equal(result.Final.Value, metrics.RootElement.GetProperty("final").GetProperty("value").GetDouble());
        Runs.AssertNoTemporaryFiles(folder);
    }

    [Fact]
    public void The_saved_adapter_computes_what_the_trained_model_computed()
    {
        using var folder = new TemporaryFolder();
        var result = Runs.Run(Runs.Options(folder.Path));
        using var model = new TinyModel();
        model.LoadAdapter(result.AdapterFolder);
        model.eval();
        var task = new TinyTask();
        using var _ = torch.no_grad();
        Assert.Equal(result.Final!.Value, task.Evaluate(model, default).Value, 1e-6);
    }

    [Fact]
    public void Evaluates_in_evaluation_mode_without_gradients_and_goes_back_to_training()
    {
        using var folder = new TemporaryFolder();
        var modes = new List<(bool Training, bool Gradients)>();
        var steps = new List<bool>();
        var task = new TinyTask { Evaluating = m => modes.Add((m.training, torch.is_grad_enabled())), Training = (m, _, _) => steps.Add(m.training && torch.is_grad_enabled()) };
        Runs.Run(Runs.Options(folder.Path, o => (o.Steps, o.EvaluateEvery) = (20, 5)), task);
        Assert.Equal(4, modes.Count);
        Assert.All(modes, m => Assert.Equal((false, false), m));
        Assert.All(steps, Assert.True);
    }

    [Fact]
    public void Runs_of_one_seed_are_the_same_and_of_two_seeds_are_not()
    {
        using var folder = new TemporaryFolder();
        byte[] Bytes(int seed, string name) => Runs.Bytes(Runs.Run(Runs.Options(folder.File(name), o => o.Seed = seed)).AdapterFolder);
        byte[] one = Bytes(1, "a");
        Assert.Equal(one, Bytes(1, "b"));
        Assert.NotEqual(one, Bytes(2, "c"));
    }

    [Fact]
    public void Observers_and_evaluations_change_nothing_in_the_result()
    {
        using var folder = new TemporaryFolder();
        byte[] plain = Runs.Bytes(Runs.Run(Runs.Options(folder.File("a"))).AdapterFolder);
        byte[] watched = Runs.Bytes(Runs.Run(Runs.Options(folder.File("b"), o => (o.EvaluateEvery, o.CheckpointEvery, o.LogEvery, o.KeepBest) = (7, 9, 1, true))).AdapterFolder);
        Assert.Equal(plain, watched);
    }

    [Fact]
    public void Accumulation_covers_the_same_examples_as_one_large_batch()
    {
        using var folder = new TemporaryFolder();
        var seen = new List<(int, int)>();
        var task = new TinyTask { Training = (_, epoch, index) => seen.Add((epoch, index)) };
        var result = Runs.Run(Runs.Options(folder.Path, o => (o.Steps, o.Epochs, o.BatchSize, o.GradientAccumulation) = (0, 3, 16, 2)), task);
        Assert.Equal(6, result.TotalSteps);
        // The first call is the dry run's.
        Assert.Equal([.. from epoch in Enumerable.Range(0, 3) from index in Enumerable.Range(0, 4) select (epoch, index)], seen[1..]);
    }

    [Fact]
    public void Accumulated_gradients_are_the_mean_over_the_micro_batches()
    {
        // Without dropout four batches of 16 weigh what one of 64 weighs.
        using var folder = new TemporaryFolder();
        double Loss(int batch, int accumulation, string name)
        {
            var options = Runs.Options(folder.File(name), o => (o.Steps, o.BatchSize, o.GradientAccumulation, o.LogEvery, o.Adapter.Dropout) = (12, batch, accumulation, 12, 0));
            var task = new TinyTask { Training = (m, _, _) => m.Dropout.eval() };
            return Runs.Run(options, task).LastLoss!.Value;
        }
        Assert.Equal(Loss(64, 1, "a"), Loss(16, 4, "b"), 1e-4);
    }

    [Fact]
    public void Keeps_the_best_adapter()
    {
        using var folder = new TemporaryFolder();
        // The metric improves until the third evaluation and worsens from there on.
        int n = 0;
        var task = new TinyTask { Metric = _ => Math.Abs(3 - ++n) };
        byte[]? third = null;
        var result = Runs.Run(Runs.Options(folder.File("a"), o => (o.EvaluateEvery, o.KeepBest) = (8, true)), task);
        Assert.Equal(24, result.Best!.Step);
        Assert.Equal(folder.File("a/best"), result.BestFolder);
        var stopped = Runs.RunUntil(24, Runs.Options(folder.File("b")));
        third = Runs.Bytes(stopped.AdapterFolder);
        Assert.Equal(third, Runs.Bytes(result.BestFolder!));
        Assert.NotEqual(third, Runs.Bytes(result.AdapterFolder));
        Runs.AssertNoTemporaryFiles(folder);
    }

    [Fact]
    public void A_metric_that_is_not_a_number_is_never_best()
    {
        using var folder = new TemporaryFolder();
        var result = Runs.Run(Runs.Options(folder.Path, o => o.KeepBest = true), new TinyTask { Metric = _ => double.NaN });
        Assert.Null(result.Best);
        Assert.Null(result.BestFolder);
        Assert.False(Directory.Exists(folder.File("best")));
    }

    [Fact]
    public void Learning_rates_follow_the_schedule_and_ranks_the_budget()
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        var options = Runs.Options(folder.Path, o => (o.Schedule, o.Warmup) = (ScheduleKind.Cosine, 0.1));
        Runs.Run(options, null, default, recorder);
        var schedule = LearningRateSchedule.From(options, 40);
        Assert.Equal(Enumerable.Range(1, 40).Select(t => schedule.RateAt(t, 0.02)), recorder.Steps.Select(s => s.LearningRate));
        Assert.Equal(4, recorder.Steps[^1].Budget);
        Assert.NotEmpty(recorder.Allocations);
        Assert.Equal([10, 20, 30, 40], recorder.Steps.Where(s => s.Loss is not null).Select(s => s.Step));
    }

    [Fact]
    public void A_step_leaves_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        var live = new List<long>();
        Runs.Run(Runs.Options(folder.Path, o => o.Steps = 60), null, default, new OnEachStep(e => live.Add(torch.Tensor.TotalCount)));
        Assert.True(live[20] == live[^5], string.Join(' ', live));
    }

    [Theory]
    [InlineData("shape", "must be a scalar")]
    [InlineData("detached", "without gradients")]
    [InlineData("nan", "The loss of the first batch is NaN")]
    public async Task A_task_that_cannot_work_dies_before_the_first_step(string fault, string sentence)
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        using var model = new TinyModel();
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, new FaultyTask(fault), Runs.Options(folder.Path), [recorder]).RunAsync());
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
        Assert.Empty(recorder.Steps);
        Assert.Same(e, recorder.Error);
    }

    [Fact]
    public async Task A_device_that_is_not_there_is_one_sentence()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        var e = await Assert.ThrowsAsync<AdaLoRAException>(() => new Trainer<TinyModel>(model, new TinyTask(), Runs.Options(folder.Path, o => o.Device = "cuda:77")).RunAsync());
        Assert.Contains("'cuda:77' is not available", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_dry_run_leaves_buffers_as_they_were()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        model.register_buffer("calls", torch.zeros(1));
        double atStart = -1;
        var task = new TinyTask { Training = (m, _, _) => m.get_buffer("calls")!.add_(1) };
        await new Trainer<TinyModel>(model, task, Runs.Options(folder.Path), [new OnStart(() => atStart = model.get_buffer("calls")!.item<float>())]).RunAsync();
        Assert.Equal(0, atStart);
        Assert.Equal(40, model.get_buffer("calls")!.item<float>());
    }

    private sealed class FaultyTask(string fault) : TinyTask
    {
        public override torch.Tensor Loss(TinyModel model, TinyBatch batch) => fault switch
        {
            "shape" => (model.call(batch.X) - batch.Y).square().mean([1]),
            "detached" => base.Loss(model, batch).detach(),
            _ => base.Loss(model, batch) * double.NaN,
        };
    }

    private sealed class OnEachStep(Action<int> action) : ITrainingObserver
    {
        public void OnStep(in StepCompleted e) => action(e.Step);
    }

    private sealed class OnStart(Action action) : ITrainingObserver
    {
        public void OnStarted(TrainingStarted e) => action();
    }
}
