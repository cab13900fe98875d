using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Tool.Tests.Runs;

public class RunsTests
{
    [Fact]
    public async Task The_runs_below_a_folder_newest_first()
    {
        using var folder = new TemporaryFolder();
        Write(folder.File("a"), "20260101-000000-aaaa", ended: null, process: int.MaxValue);
        Write(folder.File("deep/er/b"), "20260202-000000-bbbb", ended: RunState.Failed, process: 1);
        Write(folder.File("a"), "20260303-000000-cccc", ended: null, process: Environment.ProcessId);
        Directory.CreateDirectory(folder.File("c/runs"));
        File.WriteAllText(folder.File("c/runs/noise.jsonl"), "{\"hello\":1}\n");
        var said = (await Adalora.Run("runs", folder.Path, "--json")).Done();
        Assert.Equal("adalora.runs/1", said.Json["schema"]!.GetValue<string>());
        var runs = said.Json["runs"]!.AsArray().Select(r => r!).ToList();
        Assert.Equal(["20260303-000000-cccc", "20260202-000000-bbbb", "20260101-000000-aaaa"], runs.Select(r => r["run"]!.GetValue<string>()));
        Assert.Equal(["Training", "Failed", "Interrupted"], runs.Select(r => r["state"]!.GetValue<string>()));
        Assert.Equal("disk full", runs[1]["reason"]!.GetValue<string>());
        Assert.Equal((20, 40, 0.25, "accuracy", 0.9, 3, 8), (runs[0]["step"]!.GetValue<int>(), runs[0]["total_steps"]!.GetValue<int>(), runs[0]["loss"]!.GetValue<double>(), runs[0]["metric"]!.GetValue<string>(), runs[0]["value"]!.GetValue<double>(), runs[0]["triplets"]!.GetValue<int>(), runs[0]["initial_triplets"]!.GetValue<int>()));
        Assert.Contains("noise.jsonl", Assert.Single(said.Json["skipped"]!.AsArray())!.GetValue<string>(), StringComparison.Ordinal);

        var text = (await Adalora.Run("runs", folder.Path)).Done();
        string[] lines = text.Output.TrimEnd().Split('\n');
        Assert.Matches("^run +name +state +step +loss +metric +triplets +took +log$", lines[0]);
        Assert.Matches("^20260303-000000-cccc +planted +Training +20/40 +0.2500 +accuracy 0.9 +3/8 +", lines[1]);
        Assert.Equal("20260202-000000-bbbb: disk full", lines[^1]);
        Assert.Contains("noise.jsonl' is not the log of a run", text.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_log_by_its_name()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "20260101-000000-aaaa", RunState.Finished, process: 1);
        var said = (await Adalora.Run("runs", RunLog.PathOf(folder.Path, "20260101-000000-aaaa"), "--json")).Done();
        Assert.Equal("Finished", Assert.Single(said.Json["runs"]!.AsArray())!["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task Nothing_there_is_one_sentence()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("x.jsonl"), "hello");
        foreach (var (path, sentence) in new[]
        {
            (folder.File("nowhere"), "There is no file or folder '"),
            (folder.Path, $"No run has left its log below '{folder.Path}'; logs are runs/*.jsonl in a run's output folder."),
            (folder.File("x.jsonl"), $"'{folder.File("x.jsonl")}' is not the log of a run: no line of it tells of a start."),
        })
        {
            var said = await Adalora.Run("runs", path);
            Assert.Equal(2, said.ExitCode);
            Assert.StartsWith(sentence, Assert.Single(said.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
            Assert.Equal("", said.Output);
        }
    }

    [Fact]
    public async Task The_dashboard_shows_them_until_it_is_interrupted()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "20260101-000000-aaaa", RunState.Finished, process: 1);
        using var process = Adalora.Start(["dashboard", folder.Path, "--port", "0"]);
        try
        {
            string line = (await process.StandardOutput.ReadLineAsync())!;
            Assert.Matches("^http://127.0.0.1:[0-9]+/ shows the runs below '", line);
            var address = new Uri(line.Split(' ')[0]);
            using var client = new HttpClient();
            Assert.Contains("<title>", await client.GetStringAsync(address), StringComparison.Ordinal);
            Assert.Contains("20260101-000000-aaaa", await client.GetStringAsync(new Uri(address, "api/runs")), StringComparison.Ordinal);
            var taken = await Adalora.Run("dashboard", folder.Path, "--port", $"{address.Port}");
            Assert.Equal(2, taken.ExitCode);
            Assert.StartsWith($"Port {address.Port} of 127.0.0.1 cannot be used", Assert.Single(taken.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
            System.Diagnostics.Process.Start("kill", ["-INT", $"{process.Id}"]).Dispose();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    /// <summary>The current folder may be an app's, with addresses and policies of its own, and so may the environment.</summary>
    [Theory]
    [InlineData("AdaLoRA__Dashboard__ControlPolicy", "trainers")]
    [InlineData("Kestrel__Endpoints__All__Url", "http://0.0.0.0:0")]
    public async Task The_dashboard_takes_nothing_from_the_configuration_of_an_app(string name, string value)
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "20260101-000000-aaaa", RunState.Finished, process: 1);
        using var process = Adalora.Start(["dashboard", folder.Path, "--port", "0"], (name, value));
        try
        {
            Assert.StartsWith("http://127.0.0.1:", await process.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }

    [Theory]
    [InlineData("--port 70000", "--port is '70000'; it must be a whole number from 0 to 65535.")]
    [InlineData("nowhere/at/all", "There is no folder 'nowhere/at/all'.")]
    public async Task A_wrong_dashboard_is_one_sentence(string arguments, string sentence)
    {
        var said = await Adalora.Run(["dashboard", .. arguments.Split(' ')]);
        Assert.Equal(2, said.ExitCode);
        Assert.Contains(sentence, said.Error, StringComparison.Ordinal);
    }

    private static void Write(string output, string run, RunState? ended, int process)
    {
        using var log = new RunLog(output, run);
        var time = DateTimeOffset.UtcNow;
        log.Write(new RunStarted
        {
            Number = 1, Time = time, Run = run, Name = "planted", Model = "Mlp", TotalSteps = 40, BatchesPerEpoch = 5, Device = "cpu", Threads = 1, OutputFolder = output, ProcessId = process,
            Targets = [new("first", "first", -1, 8, 8, 4), new("second", "second", -1, 8, 8, 4)],
            Options = new Dictionary<string, string>(), Card = new Dictionary<string, string>(), Versions = new Dictionary<string, string>(),
        });
        log.Write(new RanksRead { Number = 2, Time = time, Step = 20, Budget = 3, Ranks = [1, 2] });
        log.Write(new EvaluationRead { Number = 3, Time = time, Step = 20, Metric = "accuracy", Value = 0.9, HigherIsBetter = true, IsBest = true, Further = new Dictionary<string, double>() });
        log.Write(new LossRead { Number = 4, Time = time, Step = 20, Loss = 0.25, Epoch = 1, LearningRate = 0.1, Budget = 3 });
        if (ended is { } state) log.Write(new RunEnded { Number = 5, Time = time, Step = 20, State = state, Reason = state == RunState.Failed ? "disk full" : null });
    }
}
