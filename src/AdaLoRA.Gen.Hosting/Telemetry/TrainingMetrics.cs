using System.Diagnostics.Metrics;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Measures runs on the meter "AdaLoRA.Gen"; names and units are in <see cref="AdaLoRATelemetry"/>. A hosted app has it from <c>AddAdaLoRA</c>, a trainer without a host takes one among its observers. Without a listener a step costs
/// a few reads; with one, nothing is allocated on the training thread.
/// </summary>
public sealed class TrainingMetrics : ITrainingObserver
{
    private readonly Counter<long> _steps, _samples, _skipped, _allocations, _checkpoints;
    private readonly Histogram<double> _stepDuration, _evaluationDuration, _checkpointDuration;
    private readonly Gauge<double> _loss, _learningRate, _gradientNorm, _regulariser, _progress, _evaluation;
    private readonly Gauge<long> _budget, _rank, _deviceMemory;

    // Made once a run, so that a measurement makes no garbage.
    private KeyValuePair<string, object?>[] _run = [];
    private KeyValuePair<string, object?>[] _budgetTags = [];
    private AdapterSet? _adapters;
    private long _samplesPerStep;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">The app's; without one the meter is the process's.</param>
    public TrainingMetrics(IMeterFactory? meters = null)
    {
        var options = new MeterOptions(AdaLoRATelemetry.MeterName) { Version = AdaLoRATelemetry.Version };
        var meter = meters?.Create(options) ?? new Meter(options);
        _steps = meter.CreateCounter<long>(AdaLoRATelemetry.Steps, "{step}", "Optimizer steps that changed the adapters.");
        _samples = meter.CreateCounter<long>(AdaLoRATelemetry.Samples, "{sample}", "Examples in steps, those of skipped steps included.");
        _skipped = meter.CreateCounter<long>(AdaLoRATelemetry.SkippedSteps, "{step}", "Steps that changed nothing, since a gradient was not finite.");
        _allocations = meter.CreateCounter<long>(AdaLoRATelemetry.Allocations, "{allocation}", "Rankings of the triplets.");
        _checkpoints = meter.CreateCounter<long>(AdaLoRATelemetry.Checkpoints, "{checkpoint}", "Checkpoints written.");
        _stepDuration = meter.CreateHistogram(AdaLoRATelemetry.StepDuration, "s", "One optimizer step with all its micro-batches.", tags: null, AdaLoRATelemetry.StepBuckets);
        _evaluationDuration = meter.CreateHistogram(AdaLoRATelemetry.EvaluationDuration, "s", "One evaluation.", tags: null, AdaLoRATelemetry.LongBuckets);
        _checkpointDuration = meter.CreateHistogram(AdaLoRATelemetry.CheckpointDuration, "s", "Writing one checkpoint.", tags: null, AdaLoRATelemetry.LongBuckets);
        _loss = meter.CreateGauge<double>(AdaLoRATelemetry.Loss, "1", "Mean loss since the reading before.");
        _learningRate = meter.CreateGauge<double>(AdaLoRATelemetry.LearningRate, "1", "Rate of the adapters.");
        _gradientNorm = meter.CreateGauge<double>(AdaLoRATelemetry.GradientNorm, "1", "Norm of a step's gradient before clipping.");
        _regulariser = meter.CreateGauge<double>(AdaLoRATelemetry.Regulariser, "1", "The orthogonality term without its weight.");
        _progress = meter.CreateGauge<double>(AdaLoRATelemetry.Progress, "1", "Steps done of all steps.");
        _evaluation = meter.CreateGauge<double>(AdaLoRATelemetry.EvaluationValue, "1", "A number of the last evaluation.");
        _budget = meter.CreateGauge<long>(AdaLoRATelemetry.Budget, "1", "Triplets or parameters that may live.");
        _rank = meter.CreateGauge<long>(AdaLoRATelemetry.Rank, "{triplet}", "Living triplets of all adapters.");
        _deviceMemory = meter.CreateGauge<long>(AdaLoRATelemetry.DeviceMemory, "By", "Memory in use on the device, by all processes.");
    }

    /// <inheritdoc/>
    public void OnStarted(TrainingStarted e)
    {
        ArgumentNullException.ThrowIfNull(e);
        _adapters = e.Adapters;
        _samplesPerStep = (long)e.Options.BatchSize * e.Options.GradientAccumulation;
        _run = [new(AdaLoRATelemetry.RunName, e.Name), new(AdaLoRATelemetry.ModelName, e.Model), new(AdaLoRATelemetry.Device, e.Device)];
        _budgetTags = [.. _run, new(AdaLoRATelemetry.BudgetUnit, e.Adapters.Options.BudgetUnit == BudgetUnit.Parameters ? "parameters" : "triplets")];
    }

    /// <inheritdoc/>
    public void OnStep(in StepCompleted e)
    {
        _steps.Add(1, _run);
        _samples.Add(_samplesPerStep, _run);
        _stepDuration.Record(e.Seconds, _run);
        if (e.Loss is not { } loss) return;
        _loss.Record(loss, _run);
        _learningRate.Record(e.LearningRate, _run);
        _budget.Record(e.Budget, _budgetTags);
        _progress.Record((double)e.Step / e.TotalSteps, _run);
        if (e.GradientNorm is { } norm) _gradientNorm.Record(norm, _run);
        if (e.Regulariser is { } regulariser) _regulariser.Record(regulariser, _run);
        if (e.DeviceBytes is { } bytes) _deviceMemory.Record(bytes, _run);
        if (_rank.Enabled) _rank.Record(TotalRank(), _run);
    }

    /// <inheritdoc/>
    public void OnSkipped(StepSkipped e)
    {
        _skipped.Add(1, _run);
        _samples.Add(_samplesPerStep, _run);
    }

    /// <inheritdoc/>
    public void OnRanksAllocated(RanksAllocated e) => _allocations.Add(1, _run);

    /// <inheritdoc/>
    public void OnEvaluated(ModelEvaluated e)
    {
        ArgumentNullException.ThrowIfNull(e);
        _evaluationDuration.Record(e.Seconds, _run);
        if (!_evaluation.Enabled) return;
        _evaluation.Record(e.Evaluation.Value, [.. _run, new(AdaLoRATelemetry.MetricName, e.Evaluation.Metric)]);
        foreach (var (name, value) in e.Evaluation.Further)
        {
            if (name != e.Evaluation.Metric) _evaluation.Record(value, [.. _run, new(AdaLoRATelemetry.MetricName, name)]);
        }
    }

    /// <inheritdoc/>
    public void OnCheckpointed(CheckpointWritten e)
    {
        ArgumentNullException.ThrowIfNull(e);
        _checkpoints.Add(1, _run);
        _checkpointDuration.Record(e.Seconds, _run);
    }

    // The mask is on the host already when the run's log has read it after the last ranking, else it is read here, with the loss.
    private long TotalRank()
    {
        long sum = 0;
        var adapters = _adapters!.Adapters;
        for (int i = 0; i < adapters.Count; i++) sum += adapters[i].Rank;
        return sum;
    }
}
