using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using IntentSample;

namespace PredictorSample;

/// <summary><c>load</c>: clients that each send one request after the other.</summary>
internal sealed class LoadCommand(HttpClient http, bool ownServer, LoadPlan plan, string[] texts)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private readonly ConcurrentBag<List<double>> _times = [];
    private readonly ConcurrentDictionary<int, bool> _versions = new();
    private readonly List<double> _swapTimes = [];
    private long _errors;
    private int _swapErrors;
    private string? _firstError;

    /// <returns>0, or 1 where a request or a swap failed.</returns>
    /// <param name="server">Where it listens.</param>
    /// <param name="ownServer">Whether it runs in this process.</param>
    /// <param name="token">For swaps.</param>
    /// <param name="plan">What to measure.</param>
    /// <param name="json">Whether to print JSON.</param>
    /// <param name="cancellationToken">Ends the measurement early.</param>
    public static async Task<int> RunAsync(Uri server, bool ownServer, string? token, LoadPlan plan, bool json, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5), MaxConnectionsPerServer = plan.Clients + 1 }) { BaseAddress = server };
        if (token is not null) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (!ownServer && !await AnswersAsync(http, cancellationToken))
        {
            Console.Error.WriteLine($"No server answers on {server.GetLeftPart(UriPartial.Authority)}; start one with dotnet run -c Release --project samples/Predictor.");
            return 1;
        }
        var load = new LoadCommand(http, ownServer, plan, [.. IntentData.Read(Assets.Data).Test.Select(e => e.Text)]);
        var report = await load.MeasureAsync(cancellationToken);
        Console.WriteLine(json ? JsonSerializer.Serialize(report, SampleJson.Default.LoadReport) : report.ToString());
        return report.Errors + report.SwapErrors == 0 && report.Requests > 0 ? 0 : 1;
    }

    /// <summary>Whether there is anything at all: a server that is not healthy answers too.</summary>
    private static async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/health", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException { InnerException: TimeoutException })
        {
            return false;
        }
    }

    private async Task<LoadReport> MeasureAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        TimeSpan end = WarmUp + plan.Length;
        var clients = Enumerable.Range(0, plan.Clients).Select(client => Task.Run(() => AskAsync(client, clock, end, cancellationToken), CancellationToken.None)).ToList();
        if (plan.SwapEvery is { } pause) clients.Add(Task.Run(() => SwapAsync(clock, end, pause, cancellationToken), CancellationToken.None));
        await Task.Delay(WarmUp, CancellationToken.None);
        TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
        await Task.WhenAll(clients);
        double cpu = (Environment.CpuUsage.TotalTime - cpuBefore).TotalMilliseconds;
        double seconds = (clock.Elapsed - WarmUp).TotalSeconds;
        double[] sorted = [.. _times.SelectMany(t => t).Order()];
        return new LoadReport(
            Math.Round(seconds, 2), plan.Clients, sorted.Length, Math.Round(sorted.Length / Math.Max(seconds, 1e-3), 1),
            LoadReport.Percentile(sorted, 0.5), LoadReport.Percentile(sorted, 0.95), LoadReport.Percentile(sorted, 0.99), LoadReport.Percentile(sorted, 1), ownServer && sorted.Length > 0 ? Math.Round(cpu / sorted.Length, 2) : null, _errors, _firstError,
            _swapTimes.Count, _swapErrors, LoadReport.Percentile([.. _swapTimes.Order()], 0.5), _versions.Count);
    }

    private async Task AskAsync(int client, Stopwatch clock, TimeSpan end, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (int i = client * 97; clock.Elapsed < end && !cancellationToken.IsCancellationRequested; i++)
        {
            bool counts = clock.Elapsed >= WarmUp;
            long started = Stopwatch.GetTimestamp();
            string? error = null;
            try
            {
                using var response = await http.PostAsJsonAsync(new Uri("/classify", UriKind.Relative), new ClassifyRequest(texts[i % texts.Length]), SampleJson.Default.ClassifyRequest, CancellationToken.None);
                if (!response.IsSuccessStatusCode) error = $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(CancellationToken.None)}";
                else if (await response.Content.ReadFromJsonAsync(SampleJson.Default.ClassifyAnswer, CancellationToken.None) is { Intent.Length: > 0 } answer) _versions.TryAdd(answer.AdapterVersion, true);
                else error = "an answer without an intent";
            }
            catch (Exception e) when (e is HttpRequestException or JsonException)
            {
                error = e.Message;
            }
            if (error is not null)
            {
                Interlocked.Increment(ref _errors);
                Interlocked.CompareExchange(ref _firstError, error, null);
                // A server that is gone must not be asked a million times.
                await Task.Delay(50, CancellationToken.None);
            }
            else if (counts)
            {
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        _times.Add(times);
    }

    private async Task SwapAsync(Stopwatch clock, TimeSpan end, TimeSpan pause, CancellationToken cancellationToken)
    {
        while (clock.Elapsed + pause < end && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(pause, CancellationToken.None);
            long started = Stopwatch.GetTimestamp();
            string? error = null;
            try
            {
                using var response = await http.PostAsJsonAsync(new Uri("/adapter/swap", UriKind.Relative), new SwapRequest(null), SampleJson.Default.SwapRequest, CancellationToken.None);
                if (!response.IsSuccessStatusCode) error = $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(CancellationToken.None)}";
            }
            catch (HttpRequestException e)
            {
                error = e.Message;
            }
            if (error is null)
            {
                _swapTimes.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
            else
            {
                _swapErrors++;
                Interlocked.CompareExchange(ref _firstError, $"swap: {error}", null);
            }
        }
    }
}
