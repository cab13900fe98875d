using System.Diagnostics;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AdaLoRA.Gen.Telemetry.Tests;

/// <summary>A hosted run that OpenTelemetry's SDK listens to, read from its in-memory exporters.</summary>
internal sealed class HostedTelemetry
{
    public List<MetricSnapshot> Metrics { get; } = [];

    public List<Activity> Activities { get; } = [];

    public required IReadOnlyList<TrainingEvent> Events { get; init; }

    public static async Task<HostedTelemetry> RunAsync(TemporaryFolder folder, Action<TrainingOptions>? configure = null, TinyTask? task = null, int exitCode = 0)
    {
        var metrics = new List<MetricSnapshot>();
        var activities = new List<Activity>();
        using var host = Training.Host(folder, b => b.Configure(configure ?? (_ => { })), task, services: services => services.AddOpenTelemetry()
            .WithMetrics(m => m.AddMeter(AdaLoRATelemetry.MeterName).AddInMemoryExporter(metrics))
            .WithTracing(t => t.AddSource(AdaLoRATelemetry.ActivitySourceName).AddInMemoryExporter(activities)));
        var run = host.Services.GetRequiredService<TrainingRuns>().Single();
        // A host that has run is disposed of, and the providers with it: they export what there is.
        Assert.Equal(exitCode, await host.RunTrainingAsync());
        Environment.ExitCode = 0;
        var result = new HostedTelemetry { Events = run.History.Events };
        result.Metrics.AddRange(metrics);
        result.Activities.AddRange(activities);
        return result;
    }

    public MetricSnapshot Metric(string name) => Assert.Single(Metrics, m => m.Name == name);

    /// <summary>The one series of a metric.</summary>
    public MetricPoint Point(string name) => Assert.Single(Metric(name).MetricPoints);

    public static Dictionary<string, object?> Tags(MetricPoint point)
    {
        var tags = new Dictionary<string, object?>();
        foreach (var (key, value) in point.Tags) tags[key] = value;
        return tags;
    }
}
