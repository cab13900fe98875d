using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.Logging;
using Spectre.Console.Testing;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Two threads are the process's; on a machine of one core libtorch has them, too, but the trainer does not try them.</summary>
public sealed class ThreadsOfARunTests : IDisposable
{
    private static readonly int All = Math.Min(2, Environment.ProcessorCount);

    public ThreadsOfARunTests() => torch.set_num_threads(2);

    public void Dispose() => torch.set_num_threads(1);

    [Fact]
    public void A_batch_decides_and_what_it_took_is_told()
    {
        using var folder = new TemporaryFolder();
        using var console = new TestConsole().Width(300);
        var recorder = new Recorder();
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(b => b.AddProvider(log).SetMinimumLevel(LogLevel.Debug));
        var result = Runs.Run(Runs.Options(folder.Path, o => (o.Threads, o.Progress, o.Steps) = (0, ProgressMode.Plain, 400)), null, default, recorder, new ConsoleProgress(console), new LoggingObserver(loggers));
        var started = recorder.Started!;
        Assert.Equal(result.Threads, started.Threads);
        Assert.Equal(All > 1, started.ThreadsMeasured);
        if (All == 1) return;
        Assert.Equal([1, 2], started.ThreadTimes.Select(t => t.Threads));
        Assert.All(started.ThreadTimes, t => Assert.InRange(t.Milliseconds, 0.01, 10_000));
        // The choice is the faster one, but for a difference that is noise.
        double chosen = started.ThreadTimes.Single(t => t.Threads == result.Threads).Milliseconds;
        Assert.InRange(chosen, 0, started.ThreadTimes.Min(t => t.Milliseconds) / 0.97);
        string times = ProgressText.Times(started.ThreadTimes);
        Assert.Matches(@"^\d+\.\d ms on 1, \d+\.\d ms on 2$", times);
        Assert.Contains($"thread{(result.Threads == 1 ? "" : "s")} (a batch takes {times}): 400 steps", console.Output, StringComparison.Ordinal);
        Assert.Equal($"TinyModel computes on {result.Threads} threads: a discarded batch took {times}", Assert.Single(log.Entries, e => e.Id is { Id: 17, Name: "ThreadsChosen" }).Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_resumed_run_keeps_the_checkpoints_threads(int threads)
    {
        using var folder = new TemporaryFolder();
        var stopped = Runs.RunUntil(10, Runs.Options(folder.Path, o => o.Threads = 0));
        // Whatever was chosen here and now: the file decides.
        string file = Path.Combine(stopped.Checkpoint!, "state.json");
        var state = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.Equal(stopped.Threads, (int)state["threads"]!);
        state["threads"] = threads;
        File.WriteAllText(file, state.ToJsonString());
        var recorder = new Recorder();
        int inStep = 0;
        var task = new TinyTask { Training = (_, _, _) => inStep = torch.get_num_threads() };
        var resumed = Runs.Run(Runs.Options(folder.Path, o => (o.Threads, o.Resume) = (0, true)), task, default, recorder);
        Assert.Equal((threads, threads), (resumed.Threads, inStep));
        Assert.False(recorder.Started!.ThreadsMeasured);
        Assert.Empty(recorder.Started.ThreadTimes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_users_number_wins_over_measuring_and_checkpoint(int threads)
    {
        using var folder = new TemporaryFolder();
        var recorder = new Recorder();
        var stopped = Runs.RunUntil(10, Runs.Options(folder.Path, o => o.Threads = 3 - threads));
        Assert.Equal(3 - threads, stopped.Threads);
        int inStep = 0;
        var task = new TinyTask { Training = (_, _, _) => inStep = torch.get_num_threads() };
        var resumed = Runs.Run(Runs.Options(folder.Path, o => (o.Threads, o.Resume) = (threads, true)), task, default, recorder);
        Assert.Equal((threads, threads), (resumed.Threads, inStep));
        Assert.False(recorder.Started!.ThreadsMeasured);
    }

    [Fact]
    public void A_run_leaves_the_process_its_threads()
    {
        using var folder = new TemporaryFolder();
        Runs.Run(Runs.Options(folder.Path, o => o.Threads = 1));
        int next = 0;
        var thread = new Thread(() => next = torch.get_num_threads());
        thread.Start();
        thread.Join();
        Assert.Equal(2, next);
    }
}
