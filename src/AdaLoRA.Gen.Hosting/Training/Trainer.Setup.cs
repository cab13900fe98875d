using System.Globalization;
using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

public sealed partial class Trainer<TModel>
{
    /// <summary>T, once the task is prepared.</summary>
    private int TotalSteps { get; set; }

    private string AdapterFolder => Path.Combine(_options.OutputFolder, "adapter");

    private string BestFolder => Path.Combine(_options.OutputFolder, "best");

    private string MetricsFile => Path.Combine(_options.OutputFolder, "metrics.json");

    /// <summary>Everything before the first step.</summary>
    private Session Prepare()
    {
        var device = DeviceChoice.Resolve(_options.Device);
        // Tried now: what is missing should be said before a model is moved and data are read.
        using (_options.Precision.Enter(device.type)) { }
        var checkpoints = new CheckpointStore(_options.OutputFolder);
        if (!_options.DryRun)
        {
            DurableFolder.Create(_options.OutputFolder);
            RemoveLeftovers(checkpoints);
        }
        // Looked at first: a run that cannot go on should say so before a model is moved and data are read.
        var skipped = new List<CheckpointSkipped>();
        var newest = checkpoints.NewestComplete(skipped.Add);
        if (newest is { State: { } old } && !GoesOn(old, checkpoints.Folder)) newest = null;

        MoveTo(device);
        var adapters = AdapterSet.Of(_model) ?? _model.AttachAdaLoRA(AdapterOptions());
        _model.train();
        _task.Prepare(_model, new TrainingContext(_options, device));
        int batches = _task.BatchesPerEpoch;
        if (batches < 1) throw new AdaLoRAException($"{_task.GetType().Name}.BatchesPerEpoch is {batches}; there must be at least 1 batch: check that the data were found, and that BatchSize {_options.BatchSize} is not larger than what there is.");
        TotalSteps = _options.Steps > 0 ? _options.Steps : StepsOf(_options.Epochs, batches);
        var optimizer = new AdaLoRAOptimizer(adapters, TotalSteps, TrainingOptionsRules.OptimizerValues(_options), Tail);
        var run = new Session(adapters, optimizer, checkpoints, device)
        {
            Stopping = EarlyStopping.Of(_options, optimizer),
            State = new CheckpointState { Run = NewRun(), Model = TModel.Plan.ModelName, TotalSteps = TotalSteps, Seed = _options.Seed, BatchesPerEpoch = batches, Options = OptionsRecord.Of(_options) },
        };
        try
        {
            if (_options.DryRun && newest is var (folder, found)) OptionsRecord.RequireSame(folder, found, run.State);
            if (!_options.DryRun) Begin(run, newest, skipped);
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Whether this run goes on with the one whose newest checkpoint is given.</summary>
    /// <exception cref="AdaLoRAException">It must not, and must not replace it either.</exception>
    private bool GoesOn(CheckpointState old, string checkpoints)
    {
        if (_options.Resume == false && !old.HasEnded)
        {
            throw new AdaLoRAException($"'{_options.OutputFolder}' holds a run that stopped at step {old.Step} of {old.TotalSteps}; leave Resume out to go on with it, delete '{checkpoints}' to start again, or choose another OutputFolder.");
        }
        // Killed between its last checkpoint and the saving of its adapter, a run has no result yet.
        return _options.Resume ?? !(old.HasEnded && IsResultOf(old));
    }

    /// <summary>Whether <c>metrics.json</c> holds the result of this run's end. What earlier versions wrote names no run, and counts.</summary>
    private bool IsResultOf(CheckpointState old)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(MetricsFile), HostingJson.Default.TrainingResult) is { Interrupted: false, Run: var run } && (run is null || run == old.Run);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return false;
        }
    }

    private int StepsOf(double epochs, int batches)
    {
        double steps = Math.Ceiling(epochs * batches / _options.GradientAccumulation);
        return steps <= int.MaxValue ? (int)steps : throw new AdaLoRAException(string.Create(CultureInfo.InvariantCulture, $"Epochs is {epochs}: with {batches} batches an epoch that would be {steps} steps; a run has at most {int.MaxValue}."));
    }

    /// <summary>A fresh run tries the task on one batch; a resumed one takes the checkpoint's place and threads.</summary>
    private void Begin(Session run, (string Folder, CheckpointState State)? newest, List<CheckpointSkipped> skipped)
    {
        IReadOnlyList<ThreadTime> times = [];
        RunEstimate? estimate = null;
        if (_options.Threads > 0) set_num_threads(_options.Threads);
        if (newest is var (folder, found))
        {
            OptionsRecord.RequireSame(folder, found, run.State);
            run.Optimizer.LoadState(folder);
            run.State = found;
            run.ResumedFrom = run.Checkpoint = folder;
            // With more patience than before it goes on.
            if (found.StoppedEarly is not null) found.StoppedEarly = run.Stopping.Reason(found.Evaluations);
            if (_options.Threads == 0 && found.Threads > 0) set_num_threads(found.Threads);
            if (found.Attempts > 0) estimate = Estimate(run, found.StepSeconds / found.Attempts, evaluationSeconds: null);
        }
        else
        {
            var dry = TryBatches(run);
            (times, estimate) = (dry.Threads, Estimate(run, dry.BatchSeconds * _options.GradientAccumulation, dry.EvaluationSeconds));
            // Only now that it is known that this run can start.
            run.Checkpoints.Clear();
        }
        run.State.Threads = get_num_threads();
        if (run.State.Run.Length == 0) run.State.Run = NewRun();
        _recorder.Run = run.State.Run;
        run.Started(_task);
        if (_options.Prefetch > 0 && !run.State.HasEnded) run.MakeAhead(_task, _options);
        _observers.OnStarted(new TrainingStarted(
            TModel.Plan.ModelName, run.State.Step, TotalSteps, run.State.BatchesPerEpoch, run.Adapters, run.Device.ToString(), run.State.Threads, times.Count > 0, run.ResumedFrom, _options)
        { Name = Run.Name, ThreadTimes = times, DeviceBytes = MemoryUse.Of(run.Device), Estimate = estimate });
        if (run.ResumedFrom is not null) skipped.ForEach(_observers.OnCheckpointSkipped);
    }

    private string NewRun() => string.Create(CultureInfo.InvariantCulture, $"{Run.Time.GetUtcNow():yyyyMMdd-HHmmss}-{Random.Shared.Next(0x10000):x4}");

    /// <summary>Saves the adapter and tells what the run did.</summary>
    private TrainingResult Finish(Session run, bool interrupted)
    {
        var state = run.State;
        // Stopped before the first step: an untrained adapter must not take the place of an earlier run's.
        if (state.Step > 0) run.Adapters.Save(AdapterFolder);
        // The best adapter of an earlier run in this folder would be taken for this one's.
        // Also looked for: a part of the run without KeepBest has deleted the folder.
        bool hasBest = _options.KeepBest && state.BestSaved is { } saved && saved == state.Best?.Step && Directory.Exists(BestFolder);
        if (state.Step > 0 && !hasBest && Directory.Exists(BestFolder)) Directory.Delete(BestFolder, recursive: true);
        var result = Result(run, interrupted, hasBest);
        WriteMetrics(result);
        _observers.OnFinished(new TrainingFinished(result, run.Adapters) { WasComplete = run.WasComplete && !interrupted });
        return result;
    }

    private TrainingResult Result(Session run, bool interrupted, bool hasBest)
    {
        var state = run.State;
        double samples = (double)state.Attempts * _options.GradientAccumulation * _options.BatchSize;
        return new TrainingResult
        {
            Model = state.Model,
            Run = state.Run,
            Steps = state.Step,
            TotalSteps = state.TotalSteps,
            Interrupted = interrupted,
            Seconds = state.StepSeconds,
            SamplesPerSecond = state.StepSeconds > 0 ? samples / state.StepSeconds : 0,
            LastLoss = state.LastLoss,
            StoppedEarly = interrupted ? null : state.StoppedEarly,
            Final = state.HasEnded && state.LastEvaluated == state.Step ? state.Evaluations.LastOrDefault()?.Evaluation : null,
            Best = state.Best,
            Evaluations = state.Evaluations,
            Ranks = run.Adapters.Adapters.ToDictionary(a => a.Path, a => a.Rank),
            TrainableParameters = run.Adapters.TrainableParameterCount,
            BaseParameters = _model.named_parameters().Where(p => !p.name.StartsWith(AdapterSet.ModuleName + ".", StringComparison.Ordinal)).Sum(p => p.parameter.numel()),
            SkippedSteps = run.Optimizer.SkippedSteps,
            Threads = state.Threads,
            PeakProcessBytes = state.PeakProcessBytes,
            PeakDeviceBytes = state.PeakDeviceBytes,
            AdapterFolder = AdapterFolder,
            BestFolder = hasBest ? BestFolder : null,
            Checkpoint = run.Checkpoint,
        };
    }

    private void WriteMetrics(TrainingResult result) =>
        AtomicFile.Write(MetricsFile, file => RandomAccess.Write(file, [.. JsonSerializer.SerializeToUtf8Bytes(result, HostingJson.Default.TrainingResult), (byte)'\n'], 0));

    /// <summary>What a killed process left: temporary files and folders.</summary>
    private void RemoveLeftovers(CheckpointStore checkpoints)
    {
        checkpoints.RemoveLeftovers();
        AtomicFolder.RemoveLeftovers(AdapterFolder);
        AtomicFolder.RemoveLeftovers(BestFolder);
        AtomicFile.RemoveLeftovers(MetricsFile);
    }

    private AdaLoRAOptions AdapterOptions()
    {
        var options = _options.Adapter.Clone();
        if (options.Seed == 0) options.Seed = _options.Seed;
        return options;
    }

    // Not called when there is nothing to move: .to() throws on a module class with two public indexers.
    private void MoveTo(Device device)
    {
        bool isThere = _model.parameters().Concat(_model.buffers()).All(t => t.device_type == device.type && (device.type == DeviceType.CPU || t.device_index == device.index));
        if (!isThere) _model.to(device);
    }
}
