using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class HostedPredictorTests : IDisposable
{
    private readonly TinyAdapters _adapters = new();
    private readonly LogCapture _log = new();

    public void Dispose() => _adapters.Dispose();

    [Fact]
    public async Task The_host_starts_and_stops_a_predictor()
    {
        var builder = Builder();
        builder.Services.AddAdaLoRAPredictor<TinyModel>(o => o.MaxConcurrency = 2).UseModel(_ => new TinyModel()).UseBatches<int, float[], TinyForward>();
        IAdapterPredictor<TinyModel> predictor;
        using (var host = builder.Build())
        {
            predictor = host.Services.GetRequiredService<IAdapterPredictor<TinyModel>>();
            Assert.Same(predictor, host.Services.GetRequiredKeyedService<IAdapterPredictor<TinyModel>>("TinyModel"));
            Assert.Same(predictor, Assert.Single(host.Services.GetServices<IAdapterPredictor>()));
            Assert.False(predictor.IsReady);
            await host.StartAsync();
            Assert.True(predictor.IsReady);
            Assert.Equal((1, _adapters.Red, AdapterMethod.AdaLoRA, 2, 8, false), (predictor.Adapter.Version, predictor.Adapter.Folder, predictor.Adapter.Method, predictor.Adapter.Layers, predictor.Adapter.TotalRank, predictor.Adapter.IsMerged));
            var alone = TinyAdapters.Alone(_adapters.Red);
            Assert.Equal(alone[1], await predictor.PredictAsync(model => TinyAdapters.Forward(model, 1)));
            Assert.Equal(alone[1], await host.Services.GetRequiredService<IBatchPredictor<TinyModel, int, float[]>>().PredictAsync(1));
            await host.StopAsync();
            Assert.False(predictor.IsReady);
        }
        Assert.Contains(_log.Entries, e => e.Id is { Id: 40, Name: "Serving" } && e.Level == LogLevel.Information && e.Text.StartsWith($"The predictor TinyModel serves version 1: {_adapters.Red} (AdaLoRA, 8 triplets in 2 layers", StringComparison.Ordinal));
        Assert.Contains(_log.Entries, e => e.Id is { Id: 43, Name: "PredictorStopped" } && e.Text == "The predictor TinyModel stopped: 2 requests answered, 0 failed, 0 refused");
    }

    [Fact]
    public async Task Named_predictors_are_keyed_services_with_sections_of_their_own()
    {
        var builder = Builder();
        builder.Configuration["AdaLoRA:Predictors:canary:AdapterFolder"] = _adapters.Blue;
        builder.Configuration["AdaLoRA:Predictors:canary:Merged"] = "true";
        builder.Services.AddAdaLoRAPredictor<TinyModel>();
        builder.Services.AddAdaLoRAPredictor<TinyModel>("canary").UseBatches<int, float[], TinyForward>();
        builder.Services.AddAdaLoRAPredictor<TinyModel>("canary", o => o.MaxConcurrency = 1);
        builder.Services.AddHealthChecks().AddAdaLoRAPredictor<TinyModel>().AddAdaLoRAPredictor<TinyModel>("canary");
        using var host = builder.Build();
        await host.StartAsync();
        var canary = host.Services.GetRequiredKeyedService<IAdapterPredictor<TinyModel>>("canary");
        Assert.Equal(("canary", _adapters.Blue, true), (canary.Name, canary.Adapter.Folder, canary.Adapter.IsMerged));
        Assert.Equal(TinyAdapters.Alone(_adapters.Blue, merged: true)[2], await canary.PredictAsync(model => TinyAdapters.Forward(model, 2)));
        Assert.Equal(_adapters.Red, host.Services.GetRequiredService<IAdapterPredictor<TinyModel>>().Adapter.Folder);
        Assert.Null(host.Services.GetService<IBatchPredictor<TinyModel, int, float[]>>());
        Assert.NotNull(host.Services.GetKeyedService<IBatchPredictor<TinyModel, int, float[]>>("canary"));
        Assert.Equal(2, host.Services.GetServices<IAdapterPredictor>().Count());
        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(["adalora-predictor", "adalora-predictor-canary"], (await health.CheckHealthAsync()).Entries.Keys.Order(StringComparer.Ordinal));
        await host.StopAsync();
    }

    [Fact]
    public async Task Health_follows_start_failed_swap_and_stop()
    {
        var builder = Builder();
        builder.Services.AddAdaLoRAPredictor<TinyModel>();
        builder.Services.AddHealthChecks().AddAdaLoRAPredictor<TinyModel>();
        using var host = builder.Build();
        var health = host.Services.GetRequiredService<HealthCheckService>();
        var predictor = host.Services.GetRequiredService<IAdapterPredictor<TinyModel>>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        await host.StartAsync();
        var healthy = (await health.CheckHealthAsync()).Entries["adalora-predictor"];
        Assert.Equal((HealthStatus.Healthy, 1, _adapters.Red), (healthy.Status, healthy.Data["version"], healthy.Data["folder"]));
        await Assert.ThrowsAsync<AdaLoRAException>(() => predictor.SwapAsync(_adapters.File("nowhere")));
        var degraded = (await health.CheckHealthAsync()).Entries["adalora-predictor"];
        Assert.Equal(HealthStatus.Degraded, degraded.Status);
        Assert.Contains("the last swap failed: '", degraded.Description);
        await predictor.SwapAsync(_adapters.Blue);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        await host.StopAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task An_adapter_that_does_not_fit_keeps_the_host_from_starting()
    {
        string alien = _adapters.Make("alien", 7), file = Path.Combine(alien, "adapter_model.safetensors");
        File.WriteAllText(file, File.ReadAllText(file, Encoding.Latin1).Replace("second", "secund", StringComparison.Ordinal), Encoding.Latin1);
        var builder = Builder();
        builder.Services.AddAdaLoRAPredictor<TinyModel>(o => o.AdapterFolder = alien);
        using var host = builder.Build();
        Assert.StartsWith($"The predictor 'TinyModel' cannot start: '{alien}' adapts 'secund', but TinyModel has no layer", (await Assert.ThrowsAsync<AdaLoRAException>(() => host.StartAsync())).Message);
    }

    [Fact]
    public async Task CheckAdapter_gets_services_model_and_adapter()
    {
        var builder = Builder();
        var seen = new List<(int, bool)>();
        builder.Services.AddAdaLoRAPredictor<TinyModel>().CheckAdapter((provider, model, adapter) =>
        {
            Assert.NotNull(provider.GetService<IConfiguration>());
            seen.Add((adapter.Version, TinyAdapters.Forward(model, 0).SequenceEqual(TinyAdapters.Alone(adapter.Folder)[0])));
        });
        using var host = builder.Build();
        await host.StartAsync();
        await host.Services.GetRequiredService<IAdapterPredictor<TinyModel>>().SwapAsync(_adapters.Blue);
        Assert.Equal([(1, true), (2, true)], seen);
        await host.StopAsync();
    }

    private HostApplicationBuilder Builder()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddProvider(_log).SetMinimumLevel(LogLevel.Debug);
        builder.Configuration["AdaLoRA:Predictors:TinyModel:AdapterFolder"] = _adapters.Red;
        builder.Configuration["AdaLoRA:Predictors:TinyModel:Threads"] = "1";
        return builder;
    }

    internal sealed class TinyForward : IBatchForward<TinyModel, int, float[]>
    {
        public IReadOnlyList<float[]> Forward(TinyModel model, AdapterInfo adapter, IReadOnlyList<int> inputs) => TinyAdapters.Forward(model, inputs);
    }
}
