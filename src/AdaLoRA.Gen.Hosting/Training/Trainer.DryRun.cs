using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

public sealed partial class Trainer<TModel>
{
    private DryRunTimes TryBatches(Session run)
    {
        var dry = new DryRun(_model, _task.GetType().Name, () => Loss(run, default), () => _task.EvaluateOneBatch(_model), run.Optimizer, _options.Seed);
        return dry.Run(chooseThreads: _options.Threads == 0 && run.Device.type == DeviceType.CPU, (long)TotalSteps * _options.GradientAccumulation, precise: _options.DryRun);
    }

    private RunEstimate Estimate(Session run, double secondsPerStep, double? evaluationSeconds)
    {
        int step = run.State.Step;
        int between = _options.EvaluateEvery > 0 ? (TotalSteps - 1) / _options.EvaluateEvery - step / _options.EvaluateEvery : 0;
        return new RunEstimate
        {
            Steps = TotalSteps - step,
            SecondsPerStep = secondsPerStep,
            Evaluations = Math.Max(0, between) + (step < TotalSteps ? 1 : 0) + (step == 0 && _options.EvaluateAtStart ? 1 : 0),
            SecondsPerEvaluation = evaluationSeconds,
            PeakProcessBytes = MemoryUse.ProcessPeak(),
            DeviceBytes = MemoryUse.Of(run.Device),
        };
    }

    /// <summary>What a dry run does after <see cref="Prepare"/> has set everything up: the batches, and an end that leaves nothing behind.</summary>
    private TrainingResult EndDryRun(Session run)
    {
        if (_options.Threads > 0) set_num_threads(_options.Threads);
        var times = TryBatches(run);
        run.State.Threads = get_num_threads();
        run.Started(_task);
        var estimate = Estimate(run, times.BatchSeconds * _options.GradientAccumulation, times.EvaluationSeconds);
        var result = Result(run, interrupted: false, hasBest: false) with { DryRun = estimate };
        _observers.OnDryRun(new DryRunFinished(result, run.Device.ToString(), times.Threads, _options));
        return result;
    }
}
