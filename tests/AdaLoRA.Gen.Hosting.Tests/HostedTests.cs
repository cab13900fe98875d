using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class HostedTests : IDisposable
{
    // The test process's own exit code must not be a test's.
    public void Dispose() => Environment.ExitCode = 0;

    [Fact]
    public async Task A_hosted_run_learns_and_ends_the_app_with_zero()
    {
        using var folder = new TemporaryFolder();
        var log = new LogCapture();
        using var host = Host(folder, log, o => (o.Steps, o.EvaluateAtStart) = (150, true));
        var service = host.Services.GetRequiredService<TrainingService<TinyModel>>();
        Assert.Equal(0, await host.RunTrainingAsync());
        Assert.Null(service.Error);
        var result = service.Result!;
        Assert.True(result.Final!.Value < 0.35 * result.Evaluations[0].Evaluation.Value);
        Assert.True(File.Exists(folder.File("adapter/adapter_config.json")));
        Assert.Contains(log.Entries, e => e.Id is { Id: 10, Name: "Started" } && e.Level == LogLevel.Information);
        Assert.Contains(log.Entries, e => e.Id is { Id: 15, Name: "Finished" });
    }

    [Fact]
    public async Task Stopping_the_host_finishes_the_step_and_ends_with_130()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var task = new TinyTask
        {
            Training = (_, _, index) =>
            {
                if (index < 5) return;
                // The step outlasts the host's patience, which must not cost the checkpoint.
                stop.Cancel();
                Thread.Sleep(300);
            },
        };
        using var host = Host(folder, new LogCapture(), o => o.Steps = 4000, services =>
        {
            services.AddSingleton<ITrainingTask<TinyModel>>(task);
            services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(50));
        });
        var service = host.Services.GetRequiredService<TrainingService<TinyModel>>();
        Assert.Equal(130, await host.RunTrainingAsync(stop.Token));
        Assert.Null(service.Error);
        Assert.True(service.Result!.Interrupted);
        Assert.True(File.Exists(Path.Combine(service.Result.Checkpoint!, "state.json")));
        Assert.True(Directory.Exists(service.Result.AdapterFolder));
    }

    [Fact]
    public async Task A_failure_is_one_line_and_ends_with_1()
    {
        using var folder = new TemporaryFolder();
        var log = new LogCapture();
        var task = new TinyTask { Training = (_, epoch, _) => { if (epoch == 1) throw new InvalidDataException("row 7 is torn\n   at native code"); } };
        using var host = Host(folder, log, configureServices: services => services.AddSingleton<ITrainingTask<TinyModel>>(task));
        Assert.Equal(1, await host.RunTrainingAsync());
        var error = Assert.Single(log.Entries, e => e.Level == LogLevel.Error);
        Assert.Equal("Training of TinyModel failed: InvalidDataException: row 7 is torn", error.Text);
    }

    [Fact]
    public async Task A_missing_task_is_one_line()
    {
        using var folder = new TemporaryFolder();
        var log = new LogCapture();
        var builder = Builder(folder, log);
        builder.Services.AddAdaLoRA<TinyModel>();
        using var host = builder.Build();
        Assert.Equal(1, await host.RunTrainingAsync());
        Assert.Equal("Training of TinyModel failed: TinyModel has no task; add .UseTask<TTask>() after AddAdaLoRA<TinyModel>().", Assert.Single(log.Entries, e => e.Level == LogLevel.Error).Text);
    }

    [Fact]
    public async Task Bad_options_end_with_1_before_the_model_is_made()
    {
        using var folder = new TemporaryFolder();
        var builder = Builder(folder, new LogCapture());
        bool made = false;
        builder.Services.AddAdaLoRA<TinyModel>(o => o.BatchSize = 0).UseTask<TinyTask>().UseModel(_ =>
        {
            made = true;
            return new TinyModel();
        });
        using var host = builder.Build();
        Assert.Equal(1, await host.RunTrainingAsync());
        Assert.False(made);
    }

    [Fact]
    public void Adding_twice_adds_once()
    {
        var services = new ServiceCollection();
        services.AddAdaLoRA<TinyModel>(o => o.Steps = 5);
        int count = services.Count(s => s.ServiceType == typeof(IHostedService));
        services.AddAdaLoRA<TinyModel>(o => o.BatchSize = 3).UseTask<TinyTask>().UseTask<TinyTask>();
        Assert.Equal(count, services.Count(s => s.ServiceType == typeof(IHostedService)));
        Assert.Single(services, s => s.ServiceType == typeof(ITrainingTask<TinyModel>) && !s.IsKeyedService);
        Assert.Single(services, s => s.ServiceType == typeof(ITrainingTask<TinyModel>) && s.IsKeyedService);
        using var provider = services.BuildServiceProvider();
        var options = provider.GetRequiredService<Microsoft.Extensions.Options.IOptionsMonitor<TrainingOptions>>().Get("TinyModel");
        Assert.Equal((5, 3), (options.Steps, options.BatchSize));
    }

    [Fact]
    public async Task A_model_that_draws_its_weights_is_the_same_in_every_run_of_a_seed()
    {
        async Task<float> First(int seed)
        {
            using var folder = new TemporaryFolder();
            float drawn = 0;
            var builder = Builder(folder, new LogCapture());
            builder.Services.AddAdaLoRA<TinyModel>(o => (o.Steps, o.Seed) = (10, seed)).UseTask<TinyTask>().UseModel(_ =>
            {
                using var x = TorchSharp.torch.rand(1);
                drawn = x.item<float>();
                return new TinyModel();
            });
            using var host = builder.Build();
            Assert.Equal(0, await host.RunTrainingAsync());
            return drawn;
        }
        float one = await First(1);
        Assert.Equal(one, await First(1));
        Assert.NotEqual(one, await First(2));
    }

    [Fact]
    public void Of_several_models_the_last_to_end_stops_the_app_and_a_failure_is_the_apps()
    {
        var group = new TrainingGroup();
        group.Join();
        group.Join();
        group.Join();
        Assert.False(group.Leave(130));
        Assert.False(group.Leave(1));
        Assert.True(group.Leave(0));
        Assert.Equal(1, Environment.ExitCode);
    }

    private static IHost Host(TemporaryFolder folder, LogCapture log, Action<TrainingOptions>? configure = null, Action<IServiceCollection>? configureServices = null)
    {
        var builder = Builder(folder, log);
        var adalora = builder.Services.AddAdaLoRA<TinyModel>(configure);
        if (configureServices is null) adalora.UseTask<TinyTask>();
        configureServices?.Invoke(builder.Services);
        return builder.Build();
    }

    private static HostApplicationBuilder Builder(TemporaryFolder folder, LogCapture log)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        foreach (var (key, value) in new Dictionary<string, string> { ["OutputFolder"] = folder.Path, ["Threads"] = "1", ["Progress"] = "Off", ["Steps"] = "40", ["BatchSize"] = "10", ["LearningRate"] = "0.02" })
        {
            builder.Configuration["AdaLoRA:TinyModel:" + key] = value;
        }
        return builder;
    }
}
