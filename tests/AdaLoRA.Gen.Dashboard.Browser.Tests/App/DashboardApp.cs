using AdaLoRA.Gen.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>A web app as a user writes it, on a free port of this machine: a run that trains (if asked for), past runs, the dashboard.</summary>
internal sealed class DashboardApp : IAsyncDisposable
{
    public const string Token = "a-token-of-the-tests-0123456789";

    private readonly WebApplication _app;
    private readonly SmallTask? _task;

    private DashboardApp(WebApplication app, SmallTask? task) => (_app, _task) = (app, task);

    /// <summary>The page, without the token.</summary>
    public string Url => _app.Urls.First() + "/adalora/";

    /// <summary>The page, with the token as the app prints it.</summary>
    public string UrlWithToken => $"{Url}#token={Token}";

    /// <summary>The run that trains.</summary>
    public TrainingRun Run => _app.Services.GetRequiredService<TrainingRuns>()[0];

    /// <summary>Starts an app that shows the runs below some folders.</summary>
    /// <param name="logFolders">Where past runs are.</param>
    /// <param name="port">0 for a free one.</param>
    public static Task<DashboardApp> StartAsync(string[] logFolders, int port = 0) => StartAsync(logFolders, port, null, null);

    private static async Task<DashboardApp> StartAsync(string[] logFolders, int port, SmallTask? task, Action<IServiceCollection>? register)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddAdaLoRADashboard(o => (o.Token, o.LogFolders) = (Token, logFolders));
        register?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapAdaLoRADashboard();
        await app.StartAsync();
        return new DashboardApp(app, task);
    }

    /// <summary>Starts an app that trains the small model.</summary>
    /// <param name="folder">Its output folder.</param>
    /// <param name="task">What it trains on.</param>
    /// <param name="configure">Further options.</param>
    /// <param name="port">0 for a free one.</param>
    public static Task<DashboardApp> TrainAsync(string folder, SmallTask task, Action<TrainingOptions>? configure = null, int port = 0) =>
        StartAsync([], port, task, services => services
            .AddAdaLoRA<SmallModel>("small", o =>
            {
                SetOptions(o, folder);
                configure?.Invoke(o);
            })
            .UseTask(_ => task)
            .KeepAppRunning());

    /// <summary>Trains to the end without a dashboard.</summary>
    public static async Task TrainUndisturbedAsync(string folder, Action<TrainingOptions>? configure = null)
    {
        var options = new TrainingOptions { Adapter = AttributeOf<SmallModel>() };
        SetOptions(options, folder);
        configure?.Invoke(options);
        using var model = new SmallModel();
        await new Trainer<SmallModel>(model, new SmallTask(), options).RunAsync();
    }

    /// <summary>The bytes of a saved adapter, its head included.</summary>
    public static byte[] AdapterBytes(string folder) =>
        [.. Directory.GetFiles(Path.Combine(folder, "adapter"), "*.safetensors").Order(StringComparer.Ordinal).SelectMany(File.ReadAllBytes)];

    public async ValueTask DisposeAsync()
    {
        var stopping = _app.StopAsync();
        // A step that waits is let go, and the run stops after it.
        while (!stopping.IsCompleted)
        {
            if (_task is not null && _task.Limit < int.MaxValue) _task.Limit++;
            await Task.WhenAny(stopping, Task.Delay(20));
        }
        await stopping;
        await _app.DisposeAsync();
        // An interrupted run sets it to 130; here that is no failure.
        Environment.ExitCode = 0;
    }

    private static AdaLoRAOptions AttributeOf<TModel>() where TModel : TorchSharp.torch.nn.Module, IAdaLoRAModel<TModel> => TModel.Plan.CreateOptions();

    private static void SetOptions(TrainingOptions o, string folder)
    {
        (o.Steps, o.BatchSize, o.LearningRate, o.OutputFolder) = (80, 16, 0.02, folder);
        (o.LogEvery, o.EvaluateEvery, o.EvaluateAtStart, o.Threads, o.Progress) = (1, 20, true, 1, ProgressMode.Off);
    }
}
