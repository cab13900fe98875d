using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>A web app with the dashboard on a free port of the loopback, and a client for it.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    /// <summary>A token that the options take.</summary>
    public const string Token = "a-token-of-28-characters-abc";

    /// <summary>Test requests say with it where they seem to come from.</summary>
    public const string RemoteHeader = "X-Test-Remote";

    private DashboardHost(WebApplication app)
    {
        App = app;
        Address = new Uri(app.Urls.First());
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(Address, "/adalora/") };
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public LogLines Log { get; private init; } = null!;

    public Broadcasters Broadcasters => App.Services.GetRequiredService<Broadcasters>();

    /// <param name="options">The dashboard's.</param>
    /// <param name="services">Further services.</param>
    /// <param name="middleware">Before the endpoints.</param>
    /// <param name="map">On what MapAdaLoRADashboard returns.</param>
    /// <param name="url">What the server listens on.</param>
    /// <param name="prefix">Where the dashboard is.</param>
    /// <param name="runs">Runs of the app.</param>
    public static async Task<DashboardHost> StartAsync(
        Action<DashboardOptions>? options = null, Action<IServiceCollection>? services = null, Action<WebApplication>? middleware = null, Action<IEndpointConventionBuilder>? map = null,
        string url = "http://127.0.0.1:0", string prefix = "/adalora", params TrainingRun[] runs)
    {
        var builder = WebApplication.CreateSlimBuilder();
        var log = new LogLines();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.WebHost.UseUrls(url);
        if (runs.Length > 0) builder.Services.AddSingleton(new TrainingRuns(runs));
        builder.Services.AddAdaLoRADashboard(o =>
        {
            o.Token = Token;
            options?.Invoke(o);
        });
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.Use((context, next) =>
        {
            if (context.Request.Headers[RemoteHeader] is [{ } remote]) context.Connection.RemoteIpAddress = remote == "none" ? null : IPAddress.Parse(remote);
            return next(context);
        });
        middleware?.Invoke(app);
        var endpoints = app.MapAdaLoRADashboard(prefix);
        map?.Invoke(endpoints);
        await app.StartAsync();
        return new DashboardHost(app) { Log = log };
    }

    /// <summary>Sends a request with headers as name and value in turns.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params string[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        for (int i = 0; i < headers.Length; i += 2) request.Headers.TryAddWithoutValidation(headers[i], headers[i + 1]);
        return await Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> GetAsync(string path, params string[] headers) => SendAsync(HttpMethod.Get, path, headers);

    public Task<HttpResponseMessage> PostAsync(string path, params string[] headers) => SendAsync(HttpMethod.Post, path, headers);

    /// <summary>Opens an event stream.</summary>
    public Task<SseStream> StreamAsync(string path, params string[] headers) => SseStream.OpenAsync(Client, path, headers);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }
}

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILoggerProvider
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(_lines);

    public void Dispose()
    {
    }

    private sealed class Logger(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (lines) lines.Add($"{logLevel} {eventId.Name}: {formatter(state, exception)} {exception}");
        }
    }
}
