using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using Opentelemetry.Proto.Collector.Metrics.V1;
using Opentelemetry.Proto.Collector.Trace.V1;
using OpenTelemetry.Trace;
using Metric = Opentelemetry.Proto.Metrics.V1.Metric;

namespace AdaLoRA.Gen.Telemetry.Tests;

/// <summary>What a collector gets over the wire, read with OpenTelemetry's published schema.</summary>
public class OtlpTests
{
    [Fact]
    public async Task A_collector_gets_the_runs_measurements_and_its_trace()
    {
        await using var collector = await Collector.StartAsync();
        using var folder = new TemporaryFolder();
        using var host = Training.Host(folder, b => b.Configure(o => (o.EvaluateEvery, o.CheckpointEvery) = (20, 20)), services: services => services.AddOpenTelemetry()
            .WithMetrics(m => m.AddMeter(AdaLoRATelemetry.MeterName).AddOtlpExporter(o => collector.Receive(o, "v1/metrics")))
            .WithTracing(t => t.AddSource(AdaLoRATelemetry.ActivitySourceName).AddOtlpExporter(o => collector.Receive(o, "v1/traces"))));
        var run = host.Services.GetRequiredService<TrainingRuns>().Single();
        Assert.Equal(0, await host.RunTrainingAsync());

        var scope = Assert.Single(collector.Metrics.Single().ResourceMetrics.Single().ScopeMetrics);
        Assert.Equal("AdaLoRA.Gen", scope.Scope.Name);
        Assert.Matches("^\\d+\\.\\d+\\.\\d+$", scope.Scope.Version);
        var metrics = scope.Metrics.ToDictionary(m => m.Name);
        var steps = metrics["adalora.training.steps"];
        Assert.Equal(("{step}", true, 40), (steps.Unit, steps.Sum.IsMonotonic, steps.Sum.DataPoints.Single().AsInt));
        var loss = metrics["adalora.training.loss"].Gauge.DataPoints.Single();
        Assert.Equal(run.History.Of<LossRead>()[^1].Loss, loss.AsDouble);
        Assert.Equal(["adalora.device=cpu", "adalora.model.name=TinyModel", "adalora.run.name=TinyModel"], loss.Attributes.Select(a => $"{a.Key}={a.Value.StringValue}").Order(StringComparer.Ordinal));
        var duration = metrics["adalora.training.step.duration"];
        Assert.Equal(("s", Metric.DataOneofCase.Histogram, 40UL), (duration.Unit, duration.DataCase, duration.Histogram.DataPoints.Single().Count));
        Assert.Equal(0.001, duration.Histogram.DataPoints.Single().ExplicitBounds[0]);

        var spans = collector.Traces.SelectMany(t => t.ResourceSpans).SelectMany(r => r.ScopeSpans).SelectMany(s => s.Spans).ToList();
        var root = Assert.Single(spans, s => s.ParentSpanId.IsEmpty);
        Assert.Equal("train TinyModel", root.Name);
        Assert.Equal(5, spans.Count(s => s.ParentSpanId == root.SpanId && s.TraceId == root.TraceId));
        Assert.All(spans, s => Assert.True(s.EndTimeUnixNano >= s.StartTimeUnixNano));
        Environment.ExitCode = 0;
    }

    /// <summary>Takes OTLP over http/protobuf on the loopback.</summary>
    private sealed class Collector(WebApplication app) : IAsyncDisposable
    {
        public List<ExportMetricsServiceRequest> Metrics { get; } = [];

        public List<ExportTraceServiceRequest> Traces { get; } = [];

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var app = builder.Build();
            var collector = new Collector(app);
            app.MapPost("/v1/metrics", async request => collector.Metrics.Add(ExportMetricsServiceRequest.Parser.ParseFrom(await Body(request))));
            app.MapPost("/v1/traces", async request => collector.Traces.Add(ExportTraceServiceRequest.Parser.ParseFrom(await Body(request))));
            await app.StartAsync();
            return collector;
        }

        public void Receive(OtlpExporterOptions options, string path)
        {
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
            options.Endpoint = new Uri($"{app.Urls.Single()}/{path}");
            options.ExportProcessorType = ExportProcessorType.Batch;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private static async Task<byte[]> Body(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            return body.ToArray();
        }
    }
}
