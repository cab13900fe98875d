using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Hosting;

/// <summary>The messages of predictors: ids from 40 on.</summary>
internal static partial class Log
{
    [LoggerMessage(40, LogLevel.Information, "The predictor {Predictor} serves version {Version}: {Folder} ({Method}, {Triplets} triplets in {Layers} layers, merged: {Merged}, sha256 {Digest})", EventName = "Serving")]
    public static partial void Serving(ILogger logger, string predictor, int version, string folder, AdapterMethod method, int triplets, int layers, bool merged, string digest);

    [LoggerMessage(41, LogLevel.Warning, "The folder that the predictor {Predictor} watches changed, but was not taken over: {Reason}", EventName = "ReloadFailed")]
    public static partial void ReloadFailed(ILogger logger, string predictor, string reason);

    [LoggerMessage(42, LogLevel.Warning, "A handler of Swapped of the predictor {Predictor} failed: {Reason}", EventName = "SwapHandlerFailed")]
    public static partial void SwapHandlerFailed(ILogger logger, string predictor, string reason);

    [LoggerMessage(43, LogLevel.Information, "The predictor {Predictor} stopped: {Completed} requests answered, {Failed} failed, {Refused} refused", EventName = "PredictorStopped")]
    public static partial void PredictorStopped(ILogger logger, string predictor, long completed, long failed, long refused);
}
