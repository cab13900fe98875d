using System.Reflection;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Hosting.Tests;
using AdaLoRA.Gen.Testing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class MetricsTests
{
    [Fact]
    public async Task OpenTelemetry_reads_what_the_run_did()
    {
        using var folder = new TemporaryFolder();
        var run = await HostedTelemetry.RunAsync(folder, o => (o.EvaluateEvery, o.CheckpointEvery, o.GradientAccumulation) = (10, 20, 2));
        var last = run.Events.OfType<LossRead>().Last();
        Assert.Equal(40, run.Point("adalora.training.steps").GetSumLong());
        Assert.Equal(40 * 10 * 2, run.Point("adalora.training.samples").GetSumLong());
        Assert.Equal(2, run.Point("adalora.training.checkpoints").GetSumLong());
        Assert.True(run.Point("adalora.training.allocations").GetSumLong() >= run.Events.OfType<RanksRead>().Count() - 1);
        Assert.Equal(last.Loss, run.Point("adalora.training.loss").GetGaugeLastValueDouble());
        Assert.Equal(last.LearningRate, run.Point("adalora.training.learning_rate").GetGaugeLastValueDouble());
        Assert.Equal(last.GradientNorm, run.Point("adalora.training.gradient_norm").GetGaugeLastValueDouble());
        Assert.Equal(last.Regulariser, run.Point("adalora.training.regulariser").GetGaugeLastValueDouble());
        Assert.Equal(last.Budget, run.Point("adalora.training.budget").GetGaugeLastValueLong());
        Assert.Equal(1, run.Point("adalora.training.progress").GetGaugeLastValueDouble());
        Assert.Equal(run.Events.OfType<RanksRead>().Last().Ranks.Sum(), run.Point("adalora.training.rank").GetGaugeLastValueLong());

        var result = run.Events.OfType<RunEnded>().Single().Result!;
        var steps = run.Point("adalora.training.step.duration");
        Assert.Equal(40, steps.GetHistogramCount());
        Assert.Equal(result.Seconds, steps.GetHistogramSum(), 0.01 * result.Seconds);
        var evaluations = run.Point("adalora.training.evaluation.duration");
        Assert.Equal(4, evaluations.GetHistogramCount());
        Assert.Equal(run.Events.OfType<EvaluationRead>().Sum(e => e.Seconds), evaluations.GetHistogramSum(), 1e-9);
        Assert.Equal(2, run.Point("adalora.training.checkpoint.duration").GetHistogramCount());
        Assert.True(run.Point("adalora.training.checkpoint.duration").GetHistogramSum() > 0);

        var evaluation = run.Events.OfType<EvaluationRead>().Last();
        var values = run.Metric("adalora.training.evaluation.value").MetricPoints.ToDictionary(p => (string)HostedTelemetry.Tags(p)["adalora.metric.name"]!, p => p.GetGaugeLastValueDouble());
        Assert.Equal(new Dictionary<string, double> { ["error"] = evaluation.Value, ["root"] = evaluation.Further["root"] }, values);
    }

    [Fact]
    public async Task Every_series_names_run_model_and_device()
    {
        using var folder = new TemporaryFolder();
        var run = await HostedTelemetry.RunAsync(folder, o => o.EvaluateEvery = 10);
        Assert.True(run.Metrics.Count > 12);
        foreach (var metric in run.Metrics)
        {
            Assert.Equal("AdaLoRA.Gen", metric.MeterName);
            foreach (var point in metric.MetricPoints)
            {
                var tags = HostedTelemetry.Tags(point);
                Assert.Equal(("TinyModel", "TinyModel", "cpu"), (tags["adalora.run.name"], tags["adalora.model.name"], tags["adalora.device"]));
                Assert.Equal(metric.Name switch { "adalora.training.budget" => 4, "adalora.training.evaluation.value" => 4, _ => 3 }, tags.Count);
            }
        }
        Assert.Equal("triplets", HostedTelemetry.Tags(run.Point("adalora.training.budget"))["adalora.budget.unit"]);
    }

    [Fact]
    public async Task Two_runs_of_one_model_are_told_apart_by_their_names()
    {
        using var folder = new TemporaryFolder();
        var metrics = new List<MetricSnapshot>();
        using var host = Training.Host(folder, _ => { }, services: services =>
        {
            services.AddAdaLoRA<TinyModel>("other", o => (o.Steps, o.BatchSize, o.Threads, o.Progress, o.OutputFolder) = (5, 10, 1, ProgressMode.Off, folder.File("other"))).UseTask(_ => new TinyTask());
            services.AddOpenTelemetry().WithMetrics(m => m.AddMeter(AdaLoRATelemetry.MeterName).AddInMemoryExporter(metrics));
        });
        Assert.Equal(0, await host.RunTrainingAsync());
        Environment.ExitCode = 0;
        var steps = metrics.Single(m => m.Name == AdaLoRATelemetry.Steps).MetricPoints.ToDictionary(p => (string)HostedTelemetry.Tags(p)["adalora.run.name"]!, p => p.GetSumLong());
        Assert.Equal(new Dictionary<string, long> { ["TinyModel"] = 40, ["other"] = 5 }, steps);
    }

    [Fact]
    public async Task Units_are_UCUMs_and_steps_have_buckets_of_their_own()
    {
        using var folder = new TemporaryFolder();
        var run = await HostedTelemetry.RunAsync(folder, o => (o.CheckpointEvery, o.EvaluateEvery) = (20, 20));
        Assert.Equal(
        [
            "adalora.training.allocations {allocation}", "adalora.training.budget 1", "adalora.training.checkpoint.duration s", "adalora.training.checkpoints {checkpoint}",
            "adalora.training.evaluation.duration s", "adalora.training.evaluation.value 1", "adalora.training.gradient_norm 1", "adalora.training.learning_rate 1", "adalora.training.loss 1",
            "adalora.training.progress 1", "adalora.training.rank {triplet}", "adalora.training.regulariser 1", "adalora.training.samples {sample}", "adalora.training.step.duration s", "adalora.training.steps {step}",
        ], run.Metrics.Select(m => $"{m.Name} {m.Unit}").Order(StringComparer.Ordinal));
        Assert.All(run.Metrics, m => Assert.EndsWith(".", m.Description, StringComparison.Ordinal));
        var bounds = new List<double>();
        foreach (var bucket in run.Point("adalora.training.step.duration").GetHistogramBuckets()) bounds.Add(bucket.ExplicitBound);
        Assert.Equal(0.001, bounds[0]);
        Assert.Equal(30, bounds[^2]);
        Assert.Equal(double.PositiveInfinity, bounds[^1]);
    }

    [Fact]
    public async Task Skipped_steps_are_counted_with_their_samples()
    {
        using var folder = new TemporaryFolder();
        int calls = 0;
        // The loss of the fifth batch is not finite, so its step changes nothing (the dry run's is the first).
        var task = new PoisonedLoss(() => ++calls == 6);
        var run = await HostedTelemetry.RunAsync(folder, task: task);
        Assert.Equal(1, run.Point("adalora.training.skipped_steps").GetSumLong());
        Assert.Equal(40, run.Point("adalora.training.steps").GetSumLong());
        Assert.Equal(41 * 10, run.Point("adalora.training.samples").GetSumLong());
    }

    [Fact]
    public void Names_are_stable_lower_case_and_in_one_namespace()
    {
        var names = typeof(AdaLoRATelemetry).GetFields(BindingFlags.Public | BindingFlags.Static).ToDictionary(f => f.Name, f => (string)f.GetRawConstantValue()!);
        Assert.Equal(("AdaLoRA.Gen", "AdaLoRA.Gen", "error.type"), (names["MeterName"], names["ActivitySourceName"], names["ErrorType"]));
        foreach (string name in new[] { "MeterName", "ActivitySourceName", "ErrorType" }) names.Remove(name);
        Assert.All(names.Values, n => Assert.Matches("^adalora(\\.[a-z][a-z_]*)+$", n));
        Assert.Equal(names.Count, names.Values.Distinct().Count());
    }
}
