using System.Text.Json;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class RunListTests
{
    private static readonly string[] Members = ["id", "name", "model", "state", "reason", "live", "run", "started", "last", "step", "total_steps", "loss", "metric", "value", "output_folder"];

    [Fact]
    public async Task Live_runs_come_first_in_their_order_then_past_ones_newest_first()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "20260101-120000-aaaa", Told.Started(run: "20260101-120000-aaaa"), Told.Loss(3, 0.25), Told.Evaluation(3, 0.9, isBest: true), Told.Evaluation(4, 0.8, isBest: false), Told.Ended(5));
        Told.File(Path.Combine(folder.Path, "below"), "20260102-120000-bbbb", Told.Started(run: "20260102-120000-bbbb"), Told.Loss(7, double.NaN));
        var first = Told.Training(2, "first");
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: [first, Told.Run("second")]);

        var list = await JsonAsync(host, "api/runs");
        var runs = list.GetProperty("runs").EnumerateArray().ToArray();
        Assert.Equal(["live-first", "live-second", "20260102-120000-bbbb", "20260101-120000-aaaa"], runs.Select(r => r.GetProperty("id").GetString()));
        Assert.All(runs, r => Assert.Equal(Members, r.EnumerateObject().Select(p => p.Name)));
        Assert.Equal(["Training", "Waiting", "Interrupted", "Finished"], runs.Select(r => r.GetProperty("state").GetString()));
        Assert.Equal([true, true, false, false], runs.Select(r => r.GetProperty("live").GetBoolean()));
        Assert.Equal([2, 0, 7, 5], runs.Select(r => r.GetProperty("step").GetInt32()));
        Assert.Equal(100, runs[3].GetProperty("total_steps").GetInt32());
        Assert.Equal("accuracy", runs[3].GetProperty("metric").GetString());
        // The best, not the last.
        Assert.Equal(0.9, runs[3].GetProperty("value").GetDouble());
        Assert.Equal(0.25, runs[3].GetProperty("loss").GetDouble());
        Assert.Equal("NaN", runs[2].GetProperty("loss").GetString());
        Assert.Equal(JsonValueKind.Null, runs[1].GetProperty("started").ValueKind);
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero), runs[3].GetProperty("started").GetDateTimeOffset());
        Assert.Empty(list.GetProperty("skipped").EnumerateArray());
    }

    [Fact]
    public async Task The_list_says_why_a_run_failed()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "r", Told.Started(run: "r"), Told.Ended(5, RunState.Failed) with { Reason = "The disk is full." });
        var run = Told.Training(2);
        run.Tell(Told.Ended(2, RunState.Failed) with { Reason = "The loss is NaN." });
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: [run, Told.Training(1, "well")]);
        var runs = (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray();
        Assert.Equal(["The loss is NaN.", null, "The disk is full."], runs.Select(r => r.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task The_value_is_the_last_evaluation_while_none_is_best()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "r", Told.Started(run: "r"), Told.Evaluation(3, 0.9, isBest: false), Told.Evaluation(4, 0.8, isBest: false), Told.Ended(5));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);
        Assert.Equal(0.8, Assert.Single((await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray()).GetProperty("value").GetDouble());
    }

    [Fact]
    public async Task A_live_run_is_not_listed_again_as_a_file()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "20260101-120000-0001", Told.Started(folder: folder.Path));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: Told.Training(2, folder: folder.Path));
        Assert.Equal("live-tiny", Assert.Single((await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Without_folders_those_of_the_apps_runs_are_looked_at()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "20250101-120000-0001", Told.Started(run: "20250101-120000-0001", folder: folder.Path), Told.Ended(9));
        await using var host = await DashboardHost.StartAsync(runs: Told.Training(2, folder: folder.Path));
        Assert.Equal(["live-tiny", "20250101-120000-0001"], (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_run_is_its_summary_and_its_events()
    {
        var run = Told.Training(3);
        await using var host = await DashboardHost.StartAsync(runs: run);
        var json = await JsonAsync(host, "api/runs/live-tiny");
        Assert.Equal(["summary", "events", "number"], json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(Members, json.GetProperty("summary").EnumerateObject().Select(p => p.Name));
        Assert.Equal(4, json.GetProperty("number").GetInt64());
        Assert.Equal(run.History.Events.Select(e => System.Text.Encoding.UTF8.GetString(RunLog.ToJson(e))), json.GetProperty("events").EnumerateArray().Select(e => e.GetRawText()));
    }

    [Fact]
    public async Task Events_of_a_resumed_file_are_numbered_through()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "r", Told.Started(run: "r") with { Number = 1 }, Told.Loss(5) with { Number = 2 }, Told.Loss(10) with { Number = 3 }, Told.Started(run: "r", step: 5) with { Number = 1 }, Told.Loss(6, 0.125) with { Number = 2 });
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);
        var json = await JsonAsync(host, "api/runs/r");
        Assert.Equal([1, 2, 4, 5], json.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("number").GetInt32()));
        Assert.Equal(5, json.GetProperty("number").GetInt32());
        Assert.Equal(6, json.GetProperty("summary").GetProperty("step").GetInt32());
        Assert.Equal(0.125, json.GetProperty("summary").GetProperty("loss").GetDouble());
    }

    [Fact]
    public async Task Damaged_files_are_passed_over_and_told_once()
    {
        using var folder = new TemporaryFolder();
        string runs = Directory.CreateDirectory(Path.Combine(folder.Path, "runs")).FullName;
        File.WriteAllText(Path.Combine(runs, "empty.jsonl"), "");
        File.WriteAllText(Path.Combine(runs, "noise.jsonl"), "not json\n{\"type\":\"loss\"\n\u0000\u0001");
        string good = Told.File(folder.Path, "good", Told.Started(run: "good"), Told.Loss(1));
        File.AppendAllText(good, "garbage\n{\"type\":\"loss\",\"loss\":1,\"step\":50,\"num");
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);
        for (int i = 0; i < 2; i++)
        {
            var list = await JsonAsync(host, "api/runs");
            Assert.Equal(1, Assert.Single(list.GetProperty("runs").EnumerateArray()).GetProperty("step").GetInt32());
            Assert.Equal(["empty.jsonl: no line of it tells of a start.", "noise.jsonl: no line of it tells of a start."], list.GetProperty("skipped").EnumerateArray().Select(s => Path.GetFileName(s.GetString()!)).Order());
            await Task.Delay(1100);
        }
        Assert.Equal(2, host.Log.Lines.Count(l => l.Contains("LogSkipped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_file_that_has_grown_is_read_again()
    {
        using var folder = new TemporaryFolder();
        string path = Told.File(folder.Path, "r", Told.Started(run: "r"), Told.Loss(1));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);
        Assert.Equal(1, (await JsonAsync(host, "api/runs/r")).GetProperty("summary").GetProperty("step").GetInt32());
        Told.File(folder.Path, "r", Told.Loss(2), Told.Ended(2));
        await Task.Delay(1100);
        var json = await JsonAsync(host, "api/runs/r");
        Assert.Equal((2, "Finished", 4), (json.GetProperty("summary").GetProperty("step").GetInt32(), json.GetProperty("summary").GetProperty("state").GetString(), json.GetProperty("events").GetArrayLength()));
        File.Delete(path);
        await Task.Delay(1100);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("api/runs/r")).StatusCode);
    }

    [Fact]
    public async Task Namesakes_in_two_folders_are_told_apart()
    {
        using var folder = new TemporaryFolder();
        foreach (string sub in (string[])["a", "b"]) Told.File(Path.Combine(folder.Path, sub), "same", Told.Started(sub, run: "same"), Told.Ended(1));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);
        var runs = (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray().ToArray();
        Assert.Equal(2, runs.Length);
        foreach (var run in runs)
        {
            Assert.Matches("^same-[0-9a-f]{8}$", run.GetProperty("id").GetString());
            Assert.Equal(run.GetProperty("name").GetString(), (await JsonAsync(host, "api/runs/" + run.GetProperty("id").GetString())).GetProperty("summary").GetProperty("name").GetString());
        }
        // An address that was kept stays good when the namesake goes.
        Directory.Delete(Path.Combine(folder.Path, "b"), recursive: true);
        await Task.Delay(1100);
        string kept = runs.Single(r => r.GetProperty("name").GetString() == "a").GetProperty("id").GetString()!;
        Assert.Equal("a", (await JsonAsync(host, "api/runs/" + kept)).GetProperty("summary").GetProperty("name").GetString());
    }

    [Fact]
    public async Task Only_so_many_past_runs_are_listed()
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 5; i++) Told.File(folder.Path, $"r{i}", Told.Started(run: $"r{i}"));
        await using var host = await DashboardHost.StartAsync(o => (o.LogFolders, o.MaxPastRuns) = ([folder.Path], 2));
        Assert.Equal(["r4", "r3"], (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("..%2fsecret")]
    [InlineData("..%2f..%2fruns%2fsecret")]
    [InlineData("%2e%2e")]
    [InlineData("..%5csecret")]
    [InlineData("%2fetc%2fpasswd")]
    [InlineData("secret%00")]
    [InlineData("secret.jsonl")]
    [InlineData("secret")]
    public async Task An_id_never_becomes_a_path(string id)
    {
        using var folder = new TemporaryFolder();
        string shown = Directory.CreateDirectory(Path.Combine(folder.Path, "shown")).FullName;
        Told.File(shown, "visible", Told.Started(run: "visible"));
        Told.File(Path.Combine(folder.Path, "hidden"), "secret", Told.Started(run: "secret"));
        File.Copy(Path.Combine(folder.Path, "hidden", "runs", "secret.jsonl"), Path.Combine(shown, "secret.jsonl"));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [shown]);
        foreach (string path in (string[])[$"api/runs/{id}", $"api/runs/{id}/stream"])
        {
            using var answer = await host.GetAsync(path);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path}: {answer.StatusCode}");
            Assert.DoesNotContain("TinyModel", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Names_that_are_markup_stay_text()
    {
        const string Markup = "</script><img src=x onerror=alert(1)>\"'&\u2028\n\r\n\r\ndata: x";
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "r", Told.Started(Markup, run: "r"), new RunNotice { Step = 1, Text = Markup });
        var run = Told.Run(Markup);
        run.Tell(Told.Started(Markup));
        run.Tell(new RunNotice { Step = 1, Text = Markup });
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: run);
        foreach (string path in (string[])["api/runs", "api/runs/r"])
        {
            using var answer = await host.GetAsync(path);
            Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
            string text = await answer.Content.ReadAsStringAsync();
            Assert.DoesNotContain("<", text, StringComparison.Ordinal);
            Assert.DoesNotContain("\u2028", text, StringComparison.Ordinal);
        }
        var runs = (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray().ToArray();
        Assert.All(runs, r => Assert.Equal(Markup, r.GetProperty("name").GetString()));
        string id = runs[0].GetProperty("id").GetString()!;
        Assert.Matches("^[A-Za-z0-9._-]+$", id);
        // A line's end within a text would end the event of a stream.
        using var stream = await host.StreamAsync($"api/runs/{id}/stream?after=1");
        Assert.Equal(Markup, (await stream.NextAsync("events")).Json[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_run_that_has_not_changed_is_not_sent_again()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "r", Told.Started(run: "r"), Told.Ended(1));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path], runs: Told.Training(1));
        foreach (string path in (string[])["api/runs", "api/runs/r", "api/runs/live-tiny"])
        {
            using var first = await host.GetAsync(path);
            using var second = await host.GetAsync(path, "If-None-Match", first.Headers.ETag!.ToString());
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        }
    }

    [Fact]
    public async Task A_run_registered_as_a_service_is_shown_too()
    {
        var run = Told.Training(1, "own");
        await using var host = await DashboardHost.StartAsync(services: s => s.AddSingleton(run), runs: [Told.Run("own"), run]);
        var ids = (await JsonAsync(host, "api/runs")).GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("id").GetString()!).ToArray();
        Assert.Equal("live-own", ids[0]);
        Assert.Matches("^live-own-[0-9a-f]{8}$", ids[1]);
        Assert.Equal(2, ids.Length);
    }

    private static async Task<JsonElement> JsonAsync(DashboardHost host, string path) => JsonDocument.Parse(await host.Client.GetStringAsync(path)).RootElement;
}
