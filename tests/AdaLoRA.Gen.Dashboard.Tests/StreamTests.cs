using System.Diagnostics;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class StreamTests
{
    private const string Path = "api/runs/live-tiny/stream";

    [Fact]
    public async Task A_subscriber_gets_the_state_what_it_lacks_and_what_comes()
    {
        var run = Told.Training(3);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path + "?after=2");
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType!.MediaType);
        Assert.True(stream.Response.Headers.CacheControl!.NoStore);
        var state = await stream.NextAsync();
        Assert.Equal(("state", "Training"), (state!.Event, state.Json.GetProperty("state").GetString()));
        var events = await stream.NextAsync("events");
        Assert.Equal([3, 4], events.Numbers);
        Assert.Equal("4", events.Id);
        run.Tell(Told.Loss(4));
        Assert.Equal([5], (await stream.NextAsync("events")).Numbers);
        run.Enter(RunState.Paused);
        Assert.Equal("Paused", (await stream.NextAsync("state")).Json.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("?after=2", "4", 5)]
    [InlineData("", "3", 4)]
    [InlineData("?after=3", "not a number", 4)]
    [InlineData("?after=0", "", 1)]
    public async Task A_browser_that_connects_again_goes_on_where_it_was(string query, string lastEventId, long first)
    {
        var run = Told.Training(9);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path + query, "Last-Event-ID", lastEventId);
        Assert.Equal(first, (await stream.NextAsync("events")).Numbers[0]);
    }

    [Fact]
    public async Task Without_a_number_it_begins_with_what_comes()
    {
        var run = Told.Training(9);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path);
        await stream.NextAsync("state");
        run.Tell(Told.Loss(10));
        Assert.Equal([11], (await stream.NextAsync("events")).Numbers);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    public async Task A_number_that_is_none_is_refused(string after)
    {
        await using var host = await DashboardHost.StartAsync(runs: Told.Training(1));
        Assert.Equal(HttpStatusCode.BadRequest, (await host.GetAsync(Path + "?after=" + after)).StatusCode);
    }

    [Fact]
    public async Task Snapshot_and_stream_fit_together_without_gap_or_twin()
    {
        var run = Told.Training(50);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stop = new CancellationTokenSource();
        // About 150 events a second, fewer than a frame would thin.
        var training = Task.Run(async () =>
        {
            for (int step = 51; !stop.IsCancellationRequested; step++)
            {
                run.Tell(step % 2 == 0 ? Told.Loss(step) : new RunNotice { Step = step, Text = "x" });
                await Task.Delay(6);
            }
        });
        for (int round = 0; round < 5; round++)
        {
            var snapshot = System.Text.Json.JsonDocument.Parse(await host.Client.GetStringAsync("api/runs/live-tiny")).RootElement;
            long next = snapshot.GetProperty("number").GetInt64() + 1;
            Assert.Equal(next - 1, snapshot.GetProperty("events").GetArrayLength());
            using var stream = await host.StreamAsync($"{Path}?after={next - 1}");
            for (int i = 0; i < 4; i++)
            {
                foreach (long number in (await stream.NextAsync("events")).Numbers) Assert.Equal(next++, number);
            }
        }
        await stop.CancelAsync();
        await training;
    }

    [Fact]
    public async Task Batches_come_at_most_five_times_a_second_and_losses_are_thinned()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path + "?after=2");
        await stream.NextAsync("state");
        run.Tell(Told.Loss(2));
        await stream.NextAsync("events");
        var watch = Stopwatch.StartNew();
        var training = Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                Told.Losses(run, 3 + i * 10, 12 + i * 10);
                await Task.Delay(10);
            }
        });
        int frames = 0, most = 0, readings = 0;
        long last = 0;
        while (last < 1003)
        {
            var numbers = (await stream.NextAsync("events")).Numbers;
            (frames, most, readings, last) = (frames + 1, Math.Max(most, numbers.Count), readings + numbers.Count, numbers[^1]);
        }
        await training;
        // The newest is always there; 1,000 losses a second are not.
        Assert.InRange(frames, 2, watch.Elapsed.TotalSeconds * 5 + 2);
        Assert.InRange(most, 10, 20);
        Assert.InRange(readings, 20, 500);
    }

    [Fact]
    public async Task A_reader_from_before_a_restart_must_fetch_anew()
    {
        var run = Told.Training(3);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path + "?after=5000");
        Assert.Equal(4, (await stream.NextAsync("reset")).Json.GetProperty("number").GetInt64());
        run.Tell(Told.Loss(4));
        Assert.Contains(5L, (await stream.NextAsync("events")).Numbers);
    }

    [Fact]
    public async Task A_reader_whose_events_have_left_must_fetch_anew()
    {
        var run = Told.Training(3);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var first = await host.StreamAsync(Path + "?after=4");
        await first.NextAsync("state");
        using var late = await host.StreamAsync(Path + "?after=1");
        await late.NextAsync("reset");
        run.Tell(Told.Loss(4));
        Assert.Contains(5L, (await late.NextAsync("events")).Numbers);
    }

    [Fact]
    public async Task The_end_of_the_run_is_the_end_of_the_stream()
    {
        var run = Told.Training(3);
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path + "?after=4");
        await stream.NextAsync("state");
        run.Tell(Told.Ended(3, RunState.Interrupted));
        Assert.Equal("ended", (await stream.NextAsync("events")).Json[0].GetProperty("type").GetString());
        Assert.Equal("Interrupted", (await stream.NextAsync("state")).Json.GetProperty("state").GetString());
        Assert.Equal("end", (await stream.NextAsync())!.Event);
        Assert.Null(await stream.NextAsync());

        // Who comes later gets what it lacks, and the same end.
        foreach (var (after, lacks) in ((int, bool)[])[(0, true), (4, true), (5, false)])
        {
            using var late = await host.StreamAsync($"{Path}?after={after}");
            Assert.Equal("Interrupted", (await late.NextAsync())!.Json.GetProperty("state").GetString());
            // One that has less than the first had fetches it anew.
            if (lacks) Assert.True((await late.NextAsync())!.Event is "events" or "reset");
            await late.NextAsync("end");
            Assert.Null(await late.NextAsync());
        }
        await UntilAsync(() => host.Broadcasters.Subscribers == 0);
    }

    [Fact]
    public async Task A_run_stopped_before_its_turn_ends_its_stream()
    {
        var run = Told.Run();
        await using var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path);
        Assert.Equal("Waiting", (await stream.NextAsync())!.Json.GetProperty("state").GetString());
        run.EndUnstarted();
        await stream.NextAsync("end");
    }

    [Fact]
    public async Task A_past_run_streams_what_it_has_and_a_growing_one_is_followed()
    {
        using var folder = new TemporaryFolder();
        Told.File(folder.Path, "done", Told.Started(run: "done"), Told.Loss(1), Told.Ended(1));
        // This process stands for the one that trains; the run began after it did.
        Told.File(folder.Path, "growing", Told.Started(run: "growing", process: Environment.ProcessId) with { Time = DateTimeOffset.UtcNow }, Told.Loss(1));
        await using var host = await DashboardHost.StartAsync(o => o.LogFolders = [folder.Path]);

        using var done = await host.StreamAsync("api/runs/done/stream?after=1");
        Assert.Equal([2, 3], (await done.NextAsync("events")).Numbers);
        await done.NextAsync("end");

        using var growing = await host.StreamAsync("api/runs/growing/stream?after=2");
        Assert.Equal("Training", (await growing.NextAsync())!.Json.GetProperty("state").GetString());
        Told.File(folder.Path, "growing", Told.Loss(2), Told.Loss(3));
        Assert.Equal([3, 4], (await growing.NextAsync("events")).Numbers);
        Told.File(folder.Path, "growing", Told.Ended(3));
        Assert.Equal("ended", (await growing.NextAsync("events")).Json[0].GetProperty("type").GetString());
        await growing.NextAsync("end");
    }

    [Fact]
    public async Task One_subscriber_too_many_is_told_so()
    {
        await using var host = await DashboardHost.StartAsync(o => o.MaxSubscribers = 2, runs: Told.Training(1));
        using var one = await host.StreamAsync(Path);
        var two = await host.StreamAsync(Path);
        using var three = await host.GetAsync(Path);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, three.StatusCode);
        Assert.Contains("MaxSubscribers", await three.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(three.Headers.RetryAfter);
        two.Dispose();
        await UntilAsync(() => host.Broadcasters.Subscribers == 1);
        using var four = await host.StreamAsync(Path);
    }

    [Fact]
    public async Task Who_goes_away_is_forgotten()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(runs: run);
        for (int i = 0; i < 20; i++)
        {
            using var stream = await host.StreamAsync(Path);
            await stream.NextAsync("state");
        }
        await UntilAsync(() => host.Broadcasters.Subscribers == 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Open_streams_do_not_delay_the_apps_end(bool stalled)
    {
        var run = Told.Training(1);
        var host = await DashboardHost.StartAsync(runs: run);
        using var stream = await host.StreamAsync(Path);
        await stream.NextAsync("state");
        using var socket = stalled ? await StalledSocket.OpenAsync(host, run) : null;
        var watch = Stopwatch.StartNew();
        await host.App.StopAsync();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
        // Without an end: a browser asks again, and finds the app that was started anew.
        if (!stalled) Assert.Null(await stream.NextAsync());
        await host.DisposeAsync();
    }

    internal static async Task UntilAsync(Func<bool> condition, int seconds = 20)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(seconds), "It did not come to pass.");
            await Task.Delay(20);
        }
    }
}
