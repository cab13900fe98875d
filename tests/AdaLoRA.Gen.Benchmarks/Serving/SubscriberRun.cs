using System.Diagnostics;
using System.Globalization;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;
using AdaLoRA.Gen.Dashboard;
using AdaLoRA.Gen.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Serving;

/// <summary>What was measured.</summary>
/// <param name="StepMs">Mean step of each segment without subscribers.</param>
/// <param name="Ratios">Each segment with subscribers ÷ the mean of the two beside it without.</param>
/// <param name="StreamsMB">Memory that so many open streams take.</param>
/// <param name="GrowthMB">What is more at the end of the long hold than at its beginning.</param>
/// <param name="BytesPerSecond">What the readers got.</param>
/// <param name="OnOneCore">
/// The same of processor time, as if the server had no core but the training's: the thread's time a step ÷ that without, and the part of a core that all other threads take more. Other processes that want the cores
/// do not show in it. Empty where the system does not tell.
/// </param>
/// <param name="ServerCores">The second part of it.</param>
/// <param name="Failure">Why it could not be measured.</param>
internal sealed record SubscriberSample(double[] StepMs, double[] Ratios, double StreamsMB, double GrowthMB, double BytesPerSecond, double[] OnOneCore, double ServerCores, string? Failure = null);

/// <summary>How to measure.</summary>
/// <param name="Rounds">Pairs of segments.</param>
/// <param name="SegmentSeconds">Length of each.</param>
/// <param name="HoldSeconds">How long the subscribers stay at the end, for memory.</param>
internal sealed record SubscriberPlan(int Rounds, double SegmentSeconds, double HoldSeconds);

/// <summary>A hosted training on one thread and the dashboard's server in this process, the subscribers in another.</summary>
internal static class SubscriberRun
{
    public const int Readers = 900, Silent = 100;

    // After connecting and closing, both sides are busy with that and not with the stream.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(700);

    public static Worker<SubscriberPlan, SubscriberSample> Worker { get; } = new("subscribers", plan => MeasureAsync(plan).GetAwaiter().GetResult());

    private static async Task<SubscriberSample> MeasureAsync(SubscriberPlan plan)
    {
        NativeThreads.Configure(1);
        string folder = Directory.CreateTempSubdirectory("adalora-subscribers-").FullName;
        var clock = new StepClock();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        // Neither the server nor the dashboard rids itself of those that do not read: they are to stay, and cost nothing.
        builder.WebHost.ConfigureKestrel(o => o.Limits.MinResponseDataRate = null);
        builder.Services.AddAdaLoRADashboard(o => (o.MaxSubscribers, o.StallTimeout) = (Readers + Silent, TimeSpan.FromHours(1)));
        builder.Services.AddSingleton<ITrainingObserver>(clock);
        builder.Services.AddAdaLoRA<ServedModel>(o => (o.Steps, o.LogEvery, o.Threads, o.Progress, o.OutputFolder) = (100_000_000, 1, 1, ProgressMode.Off, folder)).UseTask(_ => new ServedTask()).KeepAppRunning();
        await using var app = builder.Build();
        app.MapAdaLoRADashboard();
        await app.StartAsync();
        try
        {
            using var client = SubscriberClient.Worker.Start(new SubscriberRequest(new Uri(app.Urls.First()).Port, Readers, Silent));
            return await MeasureAsync(plan, app, clock, client);
        }
        finally
        {
            await app.StopAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<SubscriberSample> MeasureAsync(SubscriberPlan plan, WebApplication app, StepClock clock, Process client)
    {
        var broadcasters = app.Services.GetRequiredService<Broadcasters>();
        var progress = new Progress();
        var length = TimeSpan.FromSeconds(plan.SegmentSeconds);
        while (clock.Steps < 200) await Task.Delay(50);
        double idle = 0;
        List<StepMean> without = [], with = [];
        double rate = 0;
        // The first round is thrown away: both processes compile what they do for the first time.
        for (int round = 0; round <= plan.Rounds; round++)
        {
            without.Add(await clock.MeanAsync(length));
            if (!await OpenAsync()) return Failed($"only {broadcasters.Subscribers} of {Readers + Silent} streams could be opened");
            await Task.Delay(Settling);
            long before = Tell(SubscriberClient.Read).All;
            with.Add(await clock.MeanAsync(length));
            var (least, all) = Tell(SubscriberClient.Read);
            rate = (all - before) / length.TotalSeconds;
            if (least < 1000) return Failed($"a subscriber that reads got {least} bytes only");
            Tell(SubscriberClient.Close);
            await UntilAsync(() => broadcasters.Subscribers == 0);
            await Task.Delay(Settling);
            // Memory, too, is compared with a process that has done it all once.
            if (round == 0) idle = Settled();
            progress.Report($"subscribers: round {round} of {plan.Rounds}, step {without[^1].StepMs:F2} ms without, {with[^1].StepMs:F2} ms with");
        }
        without.Add(await clock.MeanAsync(length));
        double[] ratios = Rounds(i => with[i].StepMs / ((without[i].StepMs + without[i + 1].StepMs) / 2));
        double[] threads = Rounds(i => with[i].ThreadMs / ((without[i].ThreadMs + without[i + 1].ThreadMs) / 2));
        double[] servers = Rounds(i => with[i].OtherCores - (without[i].OtherCores + without[i + 1].OtherCores) / 2);

        if (!await OpenAsync()) return Failed($"only {broadcasters.Subscribers} of {Readers + Silent} streams could be opened");
        await Task.Delay(TimeSpan.FromSeconds(plan.HoldSeconds / 2));
        double half = Settled();
        await Task.Delay(TimeSpan.FromSeconds(plan.HoldSeconds / 2));
        double end = Settled();
        if (broadcasters.Subscribers != Readers + Silent) return Failed($"{broadcasters.Subscribers} streams were left");
        client.StandardInput.WriteLine(SubscriberClient.Quit);
        return new SubscriberSample([.. without.Skip(1).Select(w => w.StepMs)], ratios, half - idle, end - half, rate, [.. threads.Zip(servers, (t, s) => t + s)], Interval.OfMedian(servers).Median);

        double[] Rounds(Func<int, double?> value) => [.. Enumerable.Range(1, plan.Rounds).Select(value).OfType<double>()];

        async Task<bool> OpenAsync()
        {
            Tell(SubscriberClient.Open);
            return await UntilAsync(() => broadcasters.Subscribers == Readers + Silent);
        }

        (long Least, long All) Tell(string command)
        {
            client.StandardInput.WriteLine(command);
            client.StandardInput.Flush();
            string answer = client.StandardOutput.ReadLine() ?? throw new WorkerException("The process of the subscribers ended.");
            return answer.Split(' ') is [var least, var all] ? (long.Parse(least, CultureInfo.InvariantCulture), long.Parse(all, CultureInfo.InvariantCulture)) : default;
        }

        static SubscriberSample Failed(string why) => new([], [], 0, 0, 0, [], 0, why);
    }

    // Without what the collector would give back anyway.
    private static double Settled()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        return ProcessMemory.Anonymous();
    }

    private static async Task<bool> UntilAsync(Func<bool> condition)
    {
        for (var watch = Stopwatch.StartNew(); !condition(); await Task.Delay(20))
        {
            if (watch.Elapsed > TimeSpan.FromSeconds(20)) return false;
        }
        return true;
    }
}
