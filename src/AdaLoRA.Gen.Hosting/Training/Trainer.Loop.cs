using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

public sealed partial class Trainer<TModel>
{
    /// <summary>
    /// So many skipped steps in a row end the run. One bad batch costs one step; since a skipped step leaves the weights as they were, that many different batches in a row say that weights or
    /// loss themselves are broken, and all that follow would be skipped, too.
    /// </summary>
    private const int MostSkippedInARow = 10;

    /// <summary>The whole run in reading order.</summary>
    private TrainingResult Train(CancellationToken cancellation)
    {
        using var run = RunActivity.In(AdaLoRATelemetry.PrepareActivity, step: null, Prepare);
        RunActivity.Prepared(run.State.Run, run.Device);
        if (_options.DryRun) return EndDryRun(run);
        var (adapters, optimizer, state) = (run.Adapters, run.Optimizer, run.State);
        var schedule = LearningRateSchedule.From(_options, state.TotalSteps);
        double trainableRate = _options.TrainableLearningRate ?? _options.LearningRate;
        int accumulation = _options.GradientAccumulation;

        // Loop state; what must outlive the process is in state. Two counts: an attempt decides the data and the seed, a step (an attempt that changed something) all else.
        int step = state.Step;
        int reported = step;
        int lastCheckpoint = step;
        bool interrupted = false;

        // Runs once more than there are steps, so that the end is evaluated and saved like any other moment.
        while (true)
        {
            if (Run.IsPauseRequested) step = Pause(run, cancellation);

            // On a device a step counts until it is known that it was skipped. What happens once a step waits for that.
            if (IsEvaluationStep(step) || IsCheckpointStep(step)) step = Settle(run);

            // once in a while: evaluate, and keep the best adapter
            if (IsEvaluationStep(step) && state.LastEvaluated != step && !cancellation.IsCancellationRequested && Evaluate(step, cancellation) is { } evaluated)
            {
                bool isBest = run.Stopping.Counts(step) && evaluated.Evaluation.IsBetterThan(state.Best?.Evaluation);
                if (isBest)
                {
                    if (_options.KeepBest)
                    {
                        adapters.Save(BestFolder);
                        state.BestSaved = step;
                    }
                    state.Best = new EvaluationAt(step, evaluated.Evaluation);
                }
                state.Evaluations.Add(new EvaluationAt(step, evaluated.Evaluation));
                state.LastEvaluated = step;
                if (step < state.TotalSteps) state.StoppedEarly = run.Stopping.Reason(state.Evaluations);
                // A checkpoint of this very step was written before its evaluation.
                if (step > 0) lastCheckpoint = Math.Min(lastCheckpoint, step - 1);
                run.ReadMemory();
                _observers.OnEvaluated(evaluated with { IsBest = isBest });
            }
            bool ended = state.HasEnded && state.LastEvaluated == step;
            interrupted = cancellation.IsCancellationRequested && !ended;
            if (interrupted) step = Settle(run);

            bool asked = Run.TakeCheckpointRequest();
            if (asked) step = Settle(run);

            // once in a while: write a checkpoint; always when the run is to stop, and at its end when one of an interruption would be taken for an unfinished run
            if (step > lastCheckpoint && (interrupted || asked || IsCheckpointStep(step) || (ended && (run.Checkpoints.Any || _options.CheckpointEvery > 0))))
            {
                SaveCheckpoint(run, interrupted);
                lastCheckpoint = step;
            }
            if (interrupted || ended) break;

            // ------------------------------------------------------------ a single training step
            long started = Stopwatch.GetTimestamp();
            double rate = schedule.RateAt(step + 1, _options.LearningRate);
            using (NewDisposeScope())
            {
                SeedAttempt(state.Attempts + 1);
                run.Losses.Begin(optimizer.State.Applied);
                for (int i = 0; i < accumulation; i++)
                {
                    long batch = state.Attempts * accumulation + i;
                    var loss = Loss(run, BatchPosition.At(batch, state.BatchesPerEpoch))!;
                    (accumulation > 1 ? loss / accumulation : loss).backward();
                    run.Losses.Add(loss);
                }
                optimizer.LearningRate = rate;
                optimizer.TrainableLearningRate = schedule.RateAt(step + 1, trainableRate);
                optimizer.step();
                run.Losses.End(optimizer.State.Applied);
            }
            state.Attempted(accumulation);
            // ------------------------------------------------------------

            // once in a while: read the loss, which waits for the device
            double? read = null;
            step = optimizer.StepsCompleted;
            if (step > reported && (step % _options.LogEvery == 0 || step == state.TotalSteps))
            {
                step = Settle(run);
                if (step > reported) read = state.LastLoss = run.Losses.Read();
            }
            state.Step = step;
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            state.StepSeconds += seconds;
            ReportSkipped(run);
            if (run.SkippedInARow >= MostSkippedInARow) GiveUpUnlessApplied(run);
            if (read is not null && run.BatchesAreLate(_options.Prefetch) is { } late) _observers.OnNotice(step, late);
            if (step <= reported) continue;
            reported = step;
            Report(run, rate, read, seconds);
            if (optimizer.Schedule?.IsAllocationStep(step) == true) _observers.OnRanksAllocated(new RanksAllocated(step, optimizer.Budget, adapters));
        }
        return Finish(run, interrupted);
    }

    /// <summary>Waits until the run may go on; a checkpoint that is asked for meanwhile is written.</summary>
    /// <returns>Steps done.</returns>
    private int Pause(Session run, CancellationToken cancellation)
    {
        int step = Settle(run), written = -1;
        _observers.OnPaused(step);
        while (!Run.WaitWhilePaused(cancellation) && !cancellation.IsCancellationRequested)
        {
            if (!Run.TakeCheckpointRequest() || step == 0 || written == step) continue;
            SaveCheckpoint(run, interrupted: false);
            written = step;
        }
        if (!cancellation.IsCancellationRequested) _observers.OnContinued(step);
        return step;
    }

    /// <summary>The task's loss in the run's precision; backward takes the types that forward took.</summary>
    private Tensor? Loss(Session run, BatchPosition batch)
    {
        using var precision = _options.Precision.Enter(run.Device.type);
        return _task.Loss(_model, batch.Epoch, batch.Index);
    }

    private bool IsEvaluationStep(int step) =>
        step == TotalSteps || (step == 0 ? _options.EvaluateAtStart : _options.EvaluateEvery > 0 && step % _options.EvaluateEvery == 0);

    private bool IsCheckpointStep(int step) => _options.CheckpointEvery > 0 && (step % _options.CheckpointEvery == 0 || step == TotalSteps);

    private void SeedAttempt(long attempt)
    {
        using var generator = manual_seed(StepSeed.Of(_options.Seed, attempt));
    }

    private void SaveCheckpoint(Session run, bool interrupted)
    {
        run.State.Losses = run.Losses.Save();
        run.ReadMemory();
        // Without CheckpointEvery those that are there are of interruptions; a finished run has no use for them.
        bool last = run.State.HasEnded && _options.CheckpointEvery == 0;
        long started = Stopwatch.GetTimestamp();
        run.Checkpoint = RunActivity.In(AdaLoRATelemetry.CheckpointActivity, run.State.Step, () =>
            run.Checkpoints.Save(run.Optimizer, run.Adapters, run.State, last ? 1 : _options.KeepCheckpoints, _options.KeepBest && !last ? run.State.Best?.Step : null));
        _observers.OnCheckpointed(new CheckpointWritten(run.State.Step, run.Checkpoint, interrupted) { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds });
    }

    /// <summary>Waits for the device, so that the steps done are final.</summary>
    /// <returns>Steps done.</returns>
    private int Settle(Session run)
    {
        run.Optimizer.Synchronize();
        run.State.Step = run.Optimizer.StepsCompleted;
        ReportSkipped(run);
        return run.State.Step;
    }

    /// <summary>Nothing changes any more: saves the last good state and ends the run; unless a step that the device still had under way was a good one.</summary>
    private void GiveUpUnlessApplied(Session run)
    {
        Settle(run);
        if (run.SkippedInARow < MostSkippedInARow) return;
        // Also over one of this step: going on from it must not meet the same batches again.
        SaveCheckpoint(run, interrupted: true);
        throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture,
            $"After step {run.State.Step} of {TotalSteps} the gradients of {run.Optimizer.SkippedInARow} steps in a row were not finite, so nothing was learnt from them; '{run.Checkpoint}' holds the last good state: check the data and the loss and start again to go on from it, or delete '{run.Checkpoints.Folder}' and lower LearningRate."));
    }

    /// <returns>Null when the evaluation was cancelled.</returns>
    private ModelEvaluated? Evaluate(int step, CancellationToken cancellation) => RunActivity.In(AdaLoRATelemetry.EvaluateActivity, step, () => EvaluateNow(step, cancellation));

    private ModelEvaluated? EvaluateNow(int step, CancellationToken cancellation)
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

    private void Report(Session run, double rate, double? loss, double seconds)
    {
        var state = run.State;
        int accumulation = _options.GradientAccumulation;
        double perStep = run.Seconds / (state.Step - run.FirstStep), perAttempt = run.Seconds / run.Attempts;
        _observers.OnStep(new StepCompleted(
            state.Step, TotalSteps, (double)state.Attempts * accumulation / state.BatchesPerEpoch, rate, run.Optimizer.Budget, loss, run.Optimizer.SkippedSteps,
            perAttempt > 0 ? _options.BatchSize * accumulation / perAttempt : 0, TimeSpan.FromSeconds(perStep * (TotalSteps - state.Step)))
        {
            Seconds = seconds,
            DeviceBytes = loss is null ? null : run.ReadDeviceMemory(),
            GradientNorm = loss is null ? null : run.Optimizer.GradientNorm,
            Regulariser = loss is null ? null : run.Optimizer.Regulariser,
        });
    }

    /// <summary>One event for each step that turned out to be skipped.</summary>
    private void ReportSkipped(Session run)
    {
        var optimizer = run.Optimizer;
        while (run.SkippedReported < optimizer.SkippedSteps)
        {
            run.SkippedReported++;
            long later = optimizer.SkippedSteps - run.SkippedReported;
            _observers.OnSkipped(new StepSkipped(run.State.Step, TotalSteps, run.SkippedReported, Math.Max(1, optimizer.SkippedInARow - later)));
        }
    }
}
