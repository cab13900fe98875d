using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Spectre.Console.Testing;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class DryRunTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task It_tells_what_the_run_will_take_and_leaves_no_folder()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Width(400);
        var recorder = new Recorder();
        using var model = new TinyModel();
        var task = new PartTask(0.25) { Training = (_, _, _) => Thread.Sleep(20) };
        var options = Runs.Options(folder.File("out"), o => (o.DryRun, o.EvaluateEvery, o.EvaluateAtStart, o.GradientAccumulation, o.Progress) = (true, 10, true, 2, ProgressMode.Plain));
        var trainer = new Trainer<TinyModel>(model, task, options, [recorder, new ConsoleProgress(console)]);
        var result = await trainer.RunAsync();
        var estimate = result.DryRun!;
        Assert.Equal((0, 40, false, 40, 5), (result.Steps, result.TotalSteps, result.Interrupted, estimate.Steps, estimate.Evaluations));
        Assert.InRange(estimate.SecondsPerStep, 0.04, 1);
        Assert.InRange(estimate.SecondsPerEvaluation!.Value, 4 * 0.02, 4);
        Assert.Equal(40 * estimate.SecondsPerStep + 5 * estimate.SecondsPerEvaluation.Value, estimate.Seconds);
        Assert.True(estimate.PeakProcessBytes > 1e6);
        Assert.Matches(@"^dry run of TinyModel on cpu: one batch of training and one of the evaluation worked; 40 steps of \d+\.\d ms and 5 evaluations of \d\.\ds will take about [\dms.]+, peak memory \d\.\d\d GB; nothing was written\s*$", console.Output);
        Assert.False(Directory.Exists(folder.File("out")));
        Assert.Null(recorder.Started);
        Assert.Null(recorder.Finished);
        Assert.Equal(RunState.Finished, trainer.Run.State);
        Assert.IsType<RunEnded>(trainer.Run.History.Events[^1]);
        Assert.Equal((false, false), Assert.Single(task.Modes));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(17)]
    public void It_leaves_what_lies_in_the_folder_as_it_is(int steps)
    {
        using var folder = new TemporaryFolder();
        void Configure(TrainingOptions o) => (o.CheckpointEvery, o.KeepBest) = (10, true);
        if (steps == 40) Runs.Run(Runs.Options(folder.Path, Configure));
        else Runs.RunUntil(steps, Runs.Options(folder.Path, Configure));
        // What a killed process left is the next run's to remove.
        Directory.CreateDirectory(folder.File("checkpoints/.tmp-left"));
        var before = Snapshot(folder);
        Runs.Run(Runs.Options(folder.Path, o => { Configure(o); o.DryRun = true; }));
        Assert.Equal(before, Snapshot(folder));
    }

    [Fact]
    public void It_says_whether_the_interrupted_run_in_the_folder_can_go_on()
    {
        using var folder = new TemporaryFolder();
        Runs.RunUntil(17, Runs.Options(folder.Path));
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Runs.Options(folder.Path, o => (o.DryRun, o.LearningRate) = (true, 0.5))));
        Assert.Contains("LearningRate was '0.02' and is '0.5'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hosted_one_ends_the_app_with_zero()
    {
        using var folder = new TemporaryFolder();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddTrainingArguments<TinyModel>(["--dry-run", "--output-folder", folder.File("out"), "--progress", "off", "--steps", "40", "--threads", "1"]);
        builder.Services.AddAdaLoRA<TinyModel>().UseTask<TinyTask>();
        using var host = builder.Build();
        Assert.Equal(0, await host.RunTrainingAsync());
        Assert.False(Directory.Exists(folder.File("out")));
    }

    [Fact]
    public void Before_every_run_an_evaluation_that_cannot_work_fails_before_the_first_step()
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        Assert.Throws<InvalidDataException>(() => Runs.Run(Runs.Options(folder.Path), new PartTask(1) { Evaluating = _ => throw new InvalidDataException("torn") }, default, recorder));
        Assert.Empty(recorder.Steps);
        var e = Assert.Throws<AdaLoRAException>(() => Runs.Run(Runs.Options(folder.Path), new PartTask(1.5)));
        Assert.Equal("PartTask.EvaluateOneBatch returned 1.5; it must be the part of a whole evaluation that the batch is, above 0 and up to 1.", e.Message);
    }

    [Fact]
    public async Task Before_every_run_the_estimate_is_told_and_nothing_of_it_shows_in_the_result()
    {
        using var folder = new TemporaryFolder();
        byte[] without = Runs.Bytes(Runs.Run(Runs.Options(folder.File("a"), o => o.EvaluateEvery = 15)).AdapterFolder);
        using var model = new TinyModel();
        var recorder = new Recorder();
        var trainer = new Trainer<TinyModel>(model, new PartTask(0.5), Runs.Options(folder.File("b"), o => o.EvaluateEvery = 15), [recorder]);
        Assert.Equal(without, Runs.Bytes((await trainer.RunAsync()).AdapterFolder));
        var estimate = recorder.Started!.Estimate!;
        Assert.Equal((40, 3), (estimate.Steps, estimate.Evaluations));
        Assert.Equal(estimate, trainer.Run.History.Started!.Estimate);
        string log = Assert.Single(RunLog.Find(folder.File("b")));
        Assert.Equal(estimate, RunHistory.Read(log).Started!.Estimate);

        // A resumed run knows its steps.
        Runs.RunUntil(31, Runs.Options(folder.File("c"), o => o.EvaluateEvery = 15));
        Runs.Run(Runs.Options(folder.File("c"), o => o.EvaluateEvery = 15), null, default, recorder);
        Assert.Equal((9, 1, null), (recorder.Started.Estimate!.Steps, recorder.Started.Estimate.Evaluations, recorder.Started.Estimate.SecondsPerEvaluation));
        Assert.True(recorder.Started.Estimate.SecondsPerStep > 0);
    }

    private static List<string> Snapshot(TemporaryFolder folder) =>
        [.. Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O} {(File.Exists(f) ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f))) : "")}")];

    private sealed class PartTask(double part) : TinyTask
    {
        public List<(bool Training, bool Gradients)> Modes { get; } = [];

        public override double? EvaluateOneBatch(TinyModel model)
        {
            Modes.Add((model.training, torch.is_grad_enabled()));
            Thread.Sleep(20);
            torch.rand(3);
            Evaluate(model, default);
            return part;
        }
    }
}
