using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

public sealed partial class Trainer<TModel>
{
    /// <summary>The whole run in reading order.</summary>
    private TrainingResult Run(CancellationToken cancellation)
    {
        using var run = Prepare();
        var (adapters, optimizer, state) = (run.Adapters, run.Optimizer, run.State);
        var schedule = LearningRateSchedule.From(_options, state.TotalSteps);
        double trainableRate = _options.TrainableLearningRate ?? _options.LearningRate;
        int accumulation = _options.GradientAccumulation;

        // Loop state; what must outlive the process is in state.
        int step = state.Step;
        int firstStep = step;
        int lastCheckpoint = step;
        string? checkpoint = run.ResumedFrom;
        bool interrupted = false;
        long skipped = optimizer.SkippedSteps;
        double? lastLoss = null;
        int stepsInSum = 0;
        double secondsBefore = state.StepSeconds;
        using var lossSum = zeros([], dtype: ScalarType.Float32, device: run.Device).DetachFromDisposeScope();

        // Runs once more than there are steps, so that the end is evaluated and saved like any other moment.
        while (true)
        {
            // once in a while: evaluate, and keep the best adapter
            if (IsEvaluationStep(step) && state.LastEvaluated != step && !cancellation.IsCancellationRequested && Evaluate(step, cancellation) is { } evaluated)
            {
                bool isBest = step > 0 && evaluated.Evaluation.IsBetterThan(state.Best?.Evaluation);
                if (isBest)
                {
                    if (_options.KeepBest) adapters.Save(BestFolder);
                    state.Best = new EvaluationAt(step, evaluated.Evaluation);
                }
                state.Evaluations.Add(new EvaluationAt(step, evaluated.Evaluation));
                state.LastEvaluated = step;
                _observers.OnEvaluated(evaluated with { IsBest = isBest });
            }
            interrupted = cancellation.IsCancellationRequested && !(step == state.TotalSteps && state.LastEvaluated == step);

            // once in a while: write a checkpoint; always when the run is to stop
            if (step > lastCheckpoint && (interrupted || IsCheckpointStep(step)))
            {
                checkpoint = run.Checkpoints.Save(optimizer, state);
                lastCheckpoint = step;
                _observers.OnCheckpointed(new CheckpointWritten(step, checkpoint, interrupted));
            }
            if (interrupted || step == state.TotalSteps) break;

            // ------------------------------------------------------------ a single training step
            step++;
            long started = Stopwatch.GetTimestamp();
            double rate = schedule.RateAt(step, _options.LearningRate);
            using (NewDisposeScope())
            {
                SeedStep(step);
                for (int i = 0; i < accumulation; i++)
                {
                    long batch = (long)(step - 1) * accumulation + i;
                    var loss = _task.Loss(_model, (int)(batch / state.BatchesPerEpoch), (int)(batch % state.BatchesPerEpoch));
                    if (accumulation > 1) loss = loss / accumulation;
                    loss.backward();
                    using (no_grad()) lossSum.add_(loss.detach().view([]));
                }
                optimizer.LearningRate = rate;
                optimizer.TrainableLearningRate = schedule.RateAt(step, trainableRate);
                optimizer.step();
            }
            state.Step = step;
            stepsInSum++;
            // ------------------------------------------------------------

            // once in a while: read the loss, which waits for the device
            double? read = null;
            if (step % _options.LogEvery == 0 || step == state.TotalSteps)
            {
                read = lastLoss = lossSum.item<float>() / stepsInSum;
                skipped = optimizer.SkippedSteps;
                using (no_grad()) lossSum.zero_();
                stepsInSum = 0;
            }
            state.StepSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
            Report(step, firstStep, rate, read, skipped, state.StepSeconds - secondsBefore, run);
            if (optimizer.Schedule?.IsAllocationStep(step) == true) _observers.OnRanksAllocated(new RanksAllocated(step, optimizer.Budget, adapters));
        }
        return Finish(run, interrupted, lastLoss, checkpoint, firstStep, state.StepSeconds - secondsBefore);
    }

    private bool IsEvaluationStep(int step) =>
        step == TotalSteps || (step == 0 ? _options.EvaluateAtStart : _options.EvaluateEvery > 0 && step % _options.EvaluateEvery == 0);

    private bool IsCheckpointStep(int step) => _options.CheckpointEvery > 0 && (step % _options.CheckpointEvery == 0 || step == TotalSteps);

    private void SeedStep(int step)
    {
        using var generator = manual_seed(StepSeed.Of(_options.Seed, step));
    }

    /// <returns>Null when the evaluation was cancelled.</returns>
    private ModelEvaluated? Evaluate(int step, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long started = Stopwatch.GetTimestamp();
        _model.eval();
        try
        {
            var evaluation = _task.Evaluate(_model, cancellation) ?? throw new AdaLoRAException($"{_task.GetType().Name}.Evaluate returned null; return an Evaluation.");
            return new ModelEvaluated(step, evaluation, IsBest: false, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            _model.train();
        }
    }

    private void Report(int step, int firstStep, double rate, double? loss, long skipped, double seconds, Session run)
    {
        int accumulation = _options.GradientAccumulation;
        double perStep = seconds / (step - firstStep);
        _observers.OnStep(new StepCompleted(
            step, TotalSteps, (double)step * accumulation / run.State.BatchesPerEpoch, rate, run.Optimizer.Budget, loss, skipped,
            perStep > 0 ? _options.BatchSize * accumulation / perStep : 0, TimeSpan.FromSeconds(perStep * (TotalSteps - step))));
    }
}
