using System.Net.Sockets;

namespace AdaLoRA.Gen.Dashboard.Tests;

public sealed class ManySubscribersTests
{
    /// <summary>The bar with a thousand, which times the steps of a training, is in the benchmarks.</summary>
    [Fact]
    public async Task Fifty_subscribers_ten_of_which_never_read()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(o => o.StallTimeout = TimeSpan.FromSeconds(3), runs: run);
        var stalled = new List<Socket>();
        var readers = new List<SseStream>();
        try
        {
            for (int i = 0; i < 10; i++) stalled.Add(await StalledSocket.AskAsync(host));
            for (int i = 0; i < 40; i++) readers.Add(await host.StreamAsync("api/runs/live-tiny/stream?after=2"));
            Assert.Equal(50, host.Broadcasters.Subscribers);

            // All that read get all, in order, while the others hang.
            const int Notices = 400;
            string text = new('x', 5_000);
            var reading = readers.Select(async r =>
            {
                long next = 3;
                while (next < 3 + Notices)
                {
                    foreach (long number in (await r.NextAsync("events")).Numbers) Assert.Equal(next++, number);
                }
            }).ToArray();
            for (int i = 0; i < Notices; i++)
            {
                run.Tell(new RunNotice { Step = 1, Text = text });
                await Task.Delay(10);
            }
            await Task.WhenAll(reading);
            Assert.InRange(host.Broadcasters.Bytes, 1, FrameRing.MostBytes);

            // Those that take nothing are disconnected, those that read stay.
            await StreamTests.UntilAsync(() => host.Broadcasters.Subscribers == 40);
            Assert.Equal(10, host.Log.Lines.Count(l => l.Contains("Stalled", StringComparison.Ordinal)));
            run.Tell(Told.Ended(1));
            foreach (var r in readers) await r.NextAsync("end");
        }
        finally
        {
            foreach (var s in stalled) s.Dispose();
            foreach (var r in readers) r.Dispose();
        }
    }

    [Fact]
    public async Task A_reader_that_slept_is_told_to_fetch_anew_and_goes_on()
    {
        var run = Told.Training(1);
        await using var host = await DashboardHost.StartAsync(o => o.StallTimeout = TimeSpan.FromHours(1), runs: run);
        using var socket = await StalledSocket.AskAsync(host);
        await StalledSocket.FillAsync(host, run, 1);
        // 4 MiB more than the ring holds.
        for (int i = 0; i < 100; i++) run.Tell(new RunNotice { Step = 1, Text = new string('y', 90_000) });
        run.Tell(new RunNotice { Step = 1, Text = "the last" });
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        bool reset = false;
        while (await reader.ReadLineAsync(limit.Token) is { } line)
        {
            reset |= line == "event: reset";
            if (line.Contains("the last", StringComparison.Ordinal)) break;
        }
        Assert.True(reset);
    }
}
