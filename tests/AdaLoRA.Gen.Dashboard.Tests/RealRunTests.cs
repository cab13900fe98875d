using System.Text.Json;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>A real training in the app, driven by what the page sends.</summary>
public sealed class RealRunTests
{
    private static readonly string[] Authorization = ["Authorization", "Bearer " + DashboardHost.Token];

    [Fact]
    public async Task It_is_watched_paused_saved_continued_and_stopped()
    {
        using var folder = new TemporaryFolder();
        await using var host = await DashboardHost.StartAsync(services: s => s
            .AddAdaLoRA<TinyModel>("tiny", o => (o.Steps, o.BatchSize, o.LogEvery, o.Threads, o.Progress, o.OutputFolder) = (1_000_000, 16, 1, 1, ProgressMode.Off, folder.Path))
            .UseTask(_ => new TinyTask()).KeepAppRunning());
        using var stream = await host.StreamAsync("api/runs/live-tiny/stream?after=0");
        while ((await stream.NextAsync("events")).Json is var events && events[events.GetArrayLength() - 1].GetProperty("step").GetInt32() < 20)
        {
        }
        await PressAsync("pause");
        await SeesAsync("paused");
        await PressAsync("checkpoint");
        string checkpoint = (await SeesAsync("checkpoint")).GetProperty("folder").GetString()!;
        Assert.True(File.Exists(Path.Combine(checkpoint, "state.json")));
        await PressAsync("continue");
        await SeesAsync("continued");
        await PressAsync("stop");
        var ended = await SeesAsync("ended");
        Assert.Equal("Interrupted", ended.GetProperty("state").GetString());
        Assert.True(File.Exists(Path.Combine(ended.GetProperty("result").GetProperty("checkpoint").GetString()!, "state.json")));
        await stream.NextAsync("end");
        var summary = JsonDocument.Parse(await host.Client.GetStringAsync("api/runs")).RootElement.GetProperty("runs")[0];
        Assert.Equal(("Interrupted", false, folder.Path), (summary.GetProperty("state").GetString(), summary.GetProperty("live").GetBoolean(), summary.GetProperty("output_folder").GetString()));

        async Task PressAsync(string button) => Assert.Equal(HttpStatusCode.Accepted, (await host.PostAsync($"api/runs/live-tiny/{button}", Authorization)).StatusCode);

        async Task<JsonElement> SeesAsync(string type)
        {
            while (true)
            {
                foreach (var e in (await stream.NextAsync("events")).Json.EnumerateArray())
                {
                    if (e.GetProperty("type").GetString() == type) return e;
                }
            }
        }
    }
}
