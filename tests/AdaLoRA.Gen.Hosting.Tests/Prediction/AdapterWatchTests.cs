using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class AdapterWatchTests
{
    [Fact]
    public void A_change_counts_when_it_looks_the_same_twice()
    {
        var watch = new AdapterWatch("unused", "a", TimeSpan.FromSeconds(1), TimeProvider.System);
        bool[] settled = [.. new[] { "a", "b", "c", null, "c", "c", "c", "a", "a" }.Select(watch.HasSettled)];
        Assert.Equal([false, false, false, false, false, true, false, false, true], settled);
    }

    [Fact]
    public async Task A_folder_that_is_replaced_or_written_anew_serves_by_itself_and_a_bad_one_does_not()
    {
        using var adapters = new TinyAdapters();
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(b => b.AddProvider(log));
        string watched = adapters.Make("watched", seed: 1), other = adapters.Make("other", seed: 2);
        await using var predictor = new AdapterPredictor<TinyModel>(() => new TinyModel(), new PredictorOptions { AdapterFolder = watched, MaxConcurrency = 1, Threads = 1, Watch = true, WatchInterval = TimeSpan.FromMilliseconds(20) }, loggers: loggers);
        await predictor.StartAsync();

        // Another folder takes its place.
        Directory.Move(watched, adapters.File("old"));
        Directory.Move(other, watched);
        await Until(() => predictor.Adapter.Version == 2);
        Assert.Equal(TinyAdapters.Alone(watched)[0], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 0)));

        // Files in it are replaced, as AdapterSet.Save does.
        adapters.Make("watched", seed: 3);
        await Until(() => predictor.Adapter.Version == 3);
        Assert.Equal(TinyAdapters.Alone(watched)[0], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 0)));

        // Touched only.
        File.SetLastWriteTimeUtc(Path.Combine(watched, "adapter_config.json"), DateTime.UtcNow.AddMinutes(1));
        await Task.Delay(200);
        Assert.Equal(3, predictor.Adapter.Version);

        string saved = File.ReadAllText(Path.Combine(watched, "adapter_config.json"));
        File.WriteAllText(Path.Combine(watched, "adapter_config.json"), "{");
        await Until(() => log.Entries.Any(e => e.Id is { Id: 41, Name: "ReloadFailed" } && e.Level == LogLevel.Warning));
        Assert.Equal(3, predictor.Adapter.Version);
        Assert.NotNull(predictor.LastSwapFailure);

        // Healed: what serves is what lies there, so there is nothing to load and nothing to complain of.
        File.WriteAllText(Path.Combine(watched, "adapter_config.json"), saved);
        await Until(() => predictor.LastSwapFailure is null);

        Directory.Move(watched, adapters.File("gone"));
        await Task.Delay(100);
        Assert.Equal(1, await predictor.PredictAsync(_ => 1));
    }

    private static async Task Until(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds()) await Task.Delay(10, limit.Token);
    }
}
