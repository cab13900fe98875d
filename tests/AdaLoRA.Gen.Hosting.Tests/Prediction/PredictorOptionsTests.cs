using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace AdaLoRA.Gen.Hosting.Tests;

public sealed class PredictorOptionsTests : IDisposable
{
    private readonly TinyAdapters _adapters = new();

    public void Dispose() => _adapters.Dispose();

    [Fact]
    public void Configuration_then_delegates()
    {
        var options = Options(
            new() { ["AdapterFolder"] = _adapters.Red, ["merged"] = "true", ["Device"] = "auto", ["MaxConcurrency"] = "3", ["Threads"] = "2", ["MaxBatch"] = "8", ["BatchDelay"] = "00:00:00.005", ["QueueLimit"] = "50", ["Watch"] = "true", ["WatchInterval"] = "00:00:02" },
            o => o.MaxBatch = 4);
        Assert.Equal((_adapters.Red, true, "auto", 3, 2, 4), (options.AdapterFolder, options.Merged, options.Device, options.MaxConcurrency, options.Threads, options.MaxBatch));
        Assert.Equal((TimeSpan.FromMilliseconds(5), 50, true, TimeSpan.FromSeconds(2)), (options.BatchDelay, options.QueueLimit, options.Watch, options.WatchInterval));
    }

    [Theory]
    [InlineData("AdapterFolder", "", "AdapterFolder is empty; name the folder of a trained adapter.")]
    [InlineData("AdapterFolder", "nowhere", "AdapterFolder is 'nowhere', which holds no adapter_config.json and adapter_model.safetensors; name the folder of a trained adapter.")]
    [InlineData("Merged", "perhaps", "Merged is 'perhaps'; it must be true or false.")]
    [InlineData("Device", "gpu", "Device is 'gpu'; it must be \"auto\", \"cpu\", \"cuda\" or \"cuda:1\".")]
    [InlineData("MaxConcurrency", "-1", "MaxConcurrency is -1; it must be from 1 to 1024, or 0 for as many as there are cores.")]
    [InlineData("MaxConcurrency", "2.5", "MaxConcurrency is '2.5'; it must be a whole number.")]
    [InlineData("Threads", "1025", "Threads is 1025; it must be from 1 to 1024, or 0 to share the cores out over MaxConcurrency.")]
    [InlineData("MaxBatch", "0", "MaxBatch is 0; it must be from 1 to 4096 requests.")]
    [InlineData("BatchDelay", "5", "BatchDelay is 5.00:00:00; it must be from 00:00:00 to 00:00:01.")]
    [InlineData("BatchDelay", "5ms", "BatchDelay is '5ms'; it must be a duration, such as 00:00:00.005.")]
    [InlineData("QueueLimit", "0", "QueueLimit is 0; it must be from 1 to 1000000 requests.")]
    [InlineData("Watch", "1", "Watch is '1'; it must be true or false.")]
    [InlineData("WatchInterval", "00:00:00", "WatchInterval is 00:00:00; it must be from 00:00:00.0100000 to 01:00:00.")]
    [InlineData("AdaptorFolder", "x", "'AdaptorFolder' is not an option; did you mean 'AdapterFolder'?")]
    [InlineData("Merged:Now", "x", "Merged is a section; it must be a single value.")]
    public void A_bad_value_is_one_sentence(string key, string value, string sentence)
    {
        var values = new Dictionary<string, string?> { ["AdapterFolder"] = _adapters.Red, [key] = value };
        Assert.Equal(["AdaLoRA:Predictors:TinyModel: " + sentence], Assert.Throws<OptionsValidationException>(() => Options(values)).Failures);
    }

    [Fact]
    public void Every_option_can_be_configured_and_has_a_row_above()
    {
        var properties = typeof(PredictorOptions).GetProperties().Where(p => p.CanWrite).Select(p => p.Name).Order(StringComparer.Ordinal);
        Assert.Equal(properties, PredictorOptionsBinder.Names.Order(StringComparer.Ordinal));
        var rows = typeof(PredictorOptionsTests).GetMethod(nameof(A_bad_value_is_one_sentence))!.GetCustomAttributesData().Select(a => (IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>?)a.ConstructorArguments.FirstOrDefault().Value).Where(a => a is not null).Select(a => (string)a![0].Value!);
        Assert.All(properties, name => Assert.Contains(name, rows));
    }

    [Fact]
    public async Task All_that_is_wrong_is_told_when_the_host_starts_before_a_model_is_made()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration["AdaLoRA:Predictors:TinyModel:MaxBatch"] = "0";
        builder.Configuration["AdaLoRA:Predictors:second:Threads"] = "-2";
        bool made = false;
        foreach (var predictor in new[] { builder.Services.AddAdaLoRAPredictor<TinyModel>(o => o.QueueLimit = 0), builder.Services.AddAdaLoRAPredictor<TinyModel>("second", o => o.AdapterFolder = _adapters.Red) })
        {
            predictor.UseModel(_ =>
            {
                made = true;
                return new TinyModel();
            });
        }
        using var host = builder.Build();
        var failures = (await Assert.ThrowsAsync<AggregateException>(() => host.StartAsync())).InnerExceptions.SelectMany(e => ((OptionsValidationException)e).Failures);
        Assert.Equal(
            [
                "AdaLoRA:Predictors:TinyModel: AdapterFolder is empty; name the folder of a trained adapter.",
                "AdaLoRA:Predictors:TinyModel: MaxBatch is 0; it must be from 1 to 4096 requests.",
                "AdaLoRA:Predictors:TinyModel: QueueLimit is 0; it must be from 1 to 1000000 requests.",
                "AdaLoRA:Predictors:second: Threads is -2; it must be from 1 to 1024, or 0 to share the cores out over MaxConcurrency.",
            ],
            failures);
        Assert.False(made);
        Assert.Contains("4 values are wrong", Assert.Throws<AdaLoRAException>(() => new AdapterPredictor<TinyModel>(() => new TinyModel(), new PredictorOptions { MaxBatch = 0, QueueLimit = 0, Threads = -1 })).Message);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(0, 1)]
    [InlineData(3, 2)]
    public void Cores_are_shared_out(int concurrency, int threads)
    {
        int cores = Environment.ProcessorCount;
        var (workers, intraOp) = new PredictorOptions { MaxConcurrency = concurrency, Threads = threads }.Resolve(TorchSharp.torch.CPU);
        Assert.Equal(concurrency > 0 ? concurrency : cores, workers);
        Assert.Equal(threads > 0 ? threads : Math.Max(1, cores / workers), intraOp);
    }

    private static PredictorOptions Options(Dictionary<string, string?> values, Action<PredictorOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values.Select(v => KeyValuePair.Create("AdaLoRA:Predictors:TinyModel:" + v.Key, v.Value))).Build());
        services.AddAdaLoRAPredictor<TinyModel>(configure);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptionsMonitor<PredictorOptions>>().Get("TinyModel");
    }
}
