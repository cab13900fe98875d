using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Every log message of the room. Ids are never reused.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "Training of {Model} failed: {Reason}", EventName = "Failed")]
    public static partial void Failed(ILogger logger, string model, string reason);

    [LoggerMessage(2, LogLevel.Debug, "Where training of {Model} failed", EventName = "FailedTrace")]
    public static partial void FailedTrace(ILogger logger, string model, Exception exception);

    [LoggerMessage(3, LogLevel.Information, "Training of {Model} was interrupted at step {Step} of {TotalSteps}; the next start goes on from {Checkpoint}", EventName = "Interrupted")]
    public static partial void Interrupted(ILogger logger, string model, int step, int totalSteps, string? checkpoint);

    [LoggerMessage(5, LogLevel.Warning, "The loss up to step {Step} is {Loss}", EventName = "LossNotFinite")]
    public static partial void LossNotFinite(ILogger logger, int step, double loss);

    // 4 was SkippedSteps, once a reading.
    [LoggerMessage(6, LogLevel.Warning, "A step after step {Step} changed nothing, since a gradient was not finite ({InARow} in a row, {Skipped} in all); if it goes on, lower LearningRate or check the data", EventName = "StepSkipped")]
    public static partial void StepSkipped(ILogger logger, int step, long inARow, long skipped);

    [LoggerMessage(7, LogLevel.Warning, "The checkpoint {Folder} was passed over: {Reason}", EventName = "CheckpointSkipped")]
    public static partial void CheckpointSkipped(ILogger logger, string folder, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Step {Step}: {Notice}", EventName = "Notice")]
    public static partial void Notice(ILogger logger, int step, string notice);

    [LoggerMessage(30, LogLevel.Warning, "{Run}: {Reason}", EventName = "TensorBoardFailed")]
    public static partial void TensorBoardFailed(ILogger logger, string run, string reason);

    [LoggerMessage(31, LogLevel.Warning, "{Run}: the disk of TensorBoard's event files fell behind, so {Events} events are not in them; make them from the run's log with TensorBoardLog.Convert", EventName = "TensorBoardBehind")]
    public static partial void TensorBoardBehind(ILogger logger, string run, long events);

    // The level is the caller's: what the console display shows anyway is logged as Debug.
    [LoggerMessage(EventId = 10, Message = "Training {Model} on {Device} with {Threads} threads (measured: {Measured}): steps {FirstStep} to {TotalSteps}, {Adapters} adapters of {Triplets} triplets, {Parameters} trained parameters", EventName = "Started")]
    public static partial void Started(ILogger logger, LogLevel level, string model, string device, int threads, bool measured, int firstStep, int totalSteps, int adapters, int triplets, long parameters);

    [LoggerMessage(EventId = 17, Message = "{Model} computes on {Threads} threads: a discarded batch took {Times}", EventName = "ThreadsChosen")]
    public static partial void ThreadsChosen(ILogger logger, LogLevel level, string model, int threads, string times);

    [LoggerMessage(EventId = 18, Message = "{Model} used {DeviceBytes} bytes of its device and {ProcessBytes} bytes of memory at most", EventName = "Memory")]
    public static partial void Memory(ILogger logger, LogLevel level, string model, long? deviceBytes, long? processBytes);

    [LoggerMessage(EventId = 19, Message = "Paused at step {Step}", EventName = "Paused")]
    public static partial void Paused(ILogger logger, LogLevel level, int step);

    [LoggerMessage(EventId = 20, Message = "Going on from step {Step}", EventName = "Continued")]
    public static partial void Continued(ILogger logger, LogLevel level, int step);

    [LoggerMessage(EventId = 21, Message = "Training of {Model} stopped early at step {Step} of {TotalSteps}: {Reason}", EventName = "StoppedEarly")]
    public static partial void StoppedEarly(ILogger logger, LogLevel level, string model, int step, int totalSteps, string reason);

    [LoggerMessage(EventId = 22, Message = "{Model}: {Estimate}", EventName = "Estimate")]
    public static partial void Estimate(ILogger logger, LogLevel level, string model, string estimate);

    [LoggerMessage(EventId = 23, Message = "{DryRun}", EventName = "DryRun")]
    public static partial void DryRun(ILogger logger, LogLevel level, string dryRun);

    [LoggerMessage(EventId = 11, Message = "Resuming {Model} from {Checkpoint}", EventName = "Resuming")]
    public static partial void Resuming(ILogger logger, LogLevel level, string model, string checkpoint);

    [LoggerMessage(EventId = 12, Message = "Step {Step} of {TotalSteps}: loss {Loss}, learning rate {LearningRate}, budget {Budget}{Unit}, {SamplesPerSecond} examples/s", EventName = "Step")]
    public static partial void Step(ILogger logger, LogLevel level, int step, int totalSteps, double loss, double learningRate, long budget, string unit, double samplesPerSecond);

    [LoggerMessage(EventId = 13, Message = "Step {Step}: {Metric} {Value}, best {IsBest}", EventName = "Evaluated")]
    public static partial void Evaluated(ILogger logger, LogLevel level, int step, string metric, double value, bool isBest);

    [LoggerMessage(EventId = 14, Message = "Step {Step}: checkpoint {Folder}", EventName = "Checkpointed")]
    public static partial void Checkpointed(ILogger logger, LogLevel level, int step, string folder);

    [LoggerMessage(EventId = 15, Message = "Trained {Model} for {Steps} steps in {Seconds} s; adapter in {Folder}", EventName = "Finished")]
    public static partial void Finished(ILogger logger, LogLevel level, string model, int steps, double seconds, string folder);

    [LoggerMessage(EventId = 16, Message = "{Model} is already complete with {Steps} steps; nothing was trained; adapter in {Folder}", EventName = "AlreadyComplete")]
    public static partial void AlreadyComplete(ILogger logger, LogLevel level, string model, int steps, string folder);

    // Predictors: from 40 on.
    [LoggerMessage(40, LogLevel.Information, "The predictor {Predictor} serves version {Version}: {Folder} ({Method}, {Triplets} triplets in {Layers} layers, merged: {Merged}, sha256 {Digest})", EventName = "Serving")]
    public static partial void Serving(ILogger logger, string predictor, int version, string folder, AdapterMethod method, int triplets, int layers, bool merged, string digest);

    [LoggerMessage(41, LogLevel.Warning, "The folder that the predictor {Predictor} watches changed, but was not taken over: {Reason}", EventName = "ReloadFailed")]
    public static partial void ReloadFailed(ILogger logger, string predictor, string reason);

    [LoggerMessage(42, LogLevel.Warning, "A handler of Swapped of the predictor {Predictor} failed: {Reason}", EventName = "SwapHandlerFailed")]
    public static partial void SwapHandlerFailed(ILogger logger, string predictor, string reason);

    [LoggerMessage(43, LogLevel.Information, "The predictor {Predictor} stopped: {Completed} requests answered, {Failed} failed, {Refused} refused", EventName = "PredictorStopped")]
    public static partial void PredictorStopped(ILogger logger, string predictor, long completed, long failed, long refused);
}
