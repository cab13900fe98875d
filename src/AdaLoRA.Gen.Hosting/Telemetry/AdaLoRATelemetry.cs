using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Every name that leaves a run for OpenTelemetry: <c>AddMeter(AdaLoRATelemetry.MeterName)</c>, <c>AddSource(AdaLoRATelemetry.ActivitySourceName)</c>. Names are stable; units are UCUM's, durations in seconds.
/// </summary>
public static class AdaLoRATelemetry
{
    /// <summary>The meter.</summary>
    public const string MeterName = "AdaLoRA.Gen";

    /// <summary>The source of activities.</summary>
    public const string ActivitySourceName = "AdaLoRA.Gen";

    /// <summary>Counter, {step}: optimizer steps that changed the adapters.</summary>
    public const string Steps = "adalora.training.steps";

    /// <summary>Counter, {sample}: examples in steps, those of skipped steps included.</summary>
    public const string Samples = "adalora.training.samples";

    /// <summary>Counter, {step}: steps that changed nothing, since a gradient was not finite.</summary>
    public const string SkippedSteps = "adalora.training.skipped_steps";

    /// <summary>Counter, {allocation}: rankings of the triplets.</summary>
    public const string Allocations = "adalora.training.allocations";

    /// <summary>Counter, {checkpoint}: checkpoints written.</summary>
    public const string Checkpoints = "adalora.training.checkpoints";

    /// <summary>Histogram, s: one optimizer step with all its micro-batches. On CUDA it is the time to launch it, and in a step that reads the loss also that to wait for the device.</summary>
    public const string StepDuration = "adalora.training.step.duration";

    /// <summary>Histogram, s: one evaluation.</summary>
    public const string EvaluationDuration = "adalora.training.evaluation.duration";

    /// <summary>Histogram, s: writing one checkpoint.</summary>
    public const string CheckpointDuration = "adalora.training.checkpoint.duration";

    /// <summary>Gauge, 1: mean loss since the reading before.</summary>
    public const string Loss = "adalora.training.loss";

    /// <summary>Gauge, 1: rate of the adapters.</summary>
    public const string LearningRate = "adalora.training.learning_rate";

    /// <summary>Gauge, 1: ‖g‖₂ of a step before clipping.</summary>
    public const string GradientNorm = "adalora.training.gradient_norm";

    /// <summary>Gauge, 1: the orthogonality term without its weight γ.</summary>
    public const string Regulariser = "adalora.training.regulariser";

    /// <summary>Gauge, 1: b(t), in the unit that <see cref="BudgetUnit"/> tells.</summary>
    public const string Budget = "adalora.training.budget";

    /// <summary>Gauge, {triplet}: living triplets of all adapters.</summary>
    public const string Rank = "adalora.training.rank";

    /// <summary>Gauge, 1: steps done ÷ T.</summary>
    public const string Progress = "adalora.training.progress";

    /// <summary>Gauge, By: memory in use on the CUDA device, by all processes.</summary>
    public const string DeviceMemory = "adalora.training.device.memory.usage";

    /// <summary>Gauge, 1: a number of an evaluation, named by <see cref="MetricName"/>.</summary>
    public const string EvaluationValue = "adalora.training.evaluation.value";

    /// <summary>Activity: a run from its preparation to its saved adapter.</summary>
    public const string RunActivity = "adalora.run";

    /// <summary>Activity within a run: everything before the first step.</summary>
    public const string PrepareActivity = "adalora.prepare";

    /// <summary>Activity within a run: one evaluation.</summary>
    public const string EvaluateActivity = "adalora.evaluate";

    /// <summary>Activity within a run: writing one checkpoint.</summary>
    public const string CheckpointActivity = "adalora.checkpoint";

    /// <summary>Tag: name under which the run was registered.</summary>
    public const string RunName = "adalora.run.name";

    /// <summary>Tag of activities: <see cref="RunStarted.Run"/>. No tag of a measurement, since each run would be series of its own.</summary>
    public const string RunId = "adalora.run.id";

    /// <summary>Tag: the annotated model.</summary>
    public const string ModelName = "adalora.model.name";

    /// <summary>Tag: "cpu", "cuda:0".</summary>
    public const string Device = "adalora.device";

    /// <summary>Tag: "triplets" or "parameters".</summary>
    public const string BudgetUnit = "adalora.budget.unit";

    /// <summary>Tag: name of an evaluation's number.</summary>
    public const string MetricName = "adalora.metric.name";

    /// <summary>Tag of activities: optimizer steps done.</summary>
    public const string Step = "adalora.step";

    /// <summary>Tag of the run's activity: "finished", "interrupted" or "failed".</summary>
    public const string Outcome = "adalora.run.outcome";

    /// <summary>Tag of an activity that failed, as OpenTelemetry has it: the exception's type.</summary>
    public const string ErrorType = "error.type";

    internal static string Version { get; } = typeof(AdaLoRATelemetry).Assembly.GetName().Version!.ToString(3);

    internal static ActivitySource Activities { get; } = new(ActivitySourceName, Version);

    // From a small model's step on a CPU to a large one's with many micro-batches.
    internal static InstrumentAdvice<double> StepBuckets { get; } = new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };

    internal static InstrumentAdvice<double> LongBuckets { get; } = new() { HistogramBucketBoundaries = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800] };
}
