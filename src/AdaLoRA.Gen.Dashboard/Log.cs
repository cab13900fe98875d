namespace AdaLoRA.Gen.Dashboard;

/// <summary>Every log message of the room. Ids are never reused.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "AdaLoRA dashboard: {Url}", EventName = "Address")]
    public static partial void Address(ILogger logger, string url);

    [LoggerMessage(2, LogLevel.Information, "The AdaLoRA dashboard answers other machines (AllowRemote), and no ReadPolicy says who may read", EventName = "Remote")]
    public static partial void Remote(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "The dashboard refused a request from {Remote} to {Path}: {Reason} ({Count} refusals since the last line)", EventName = "Refused")]
    public static partial void Refused(ILogger logger, string remote, string path, string reason, long count);

    [LoggerMessage(4, LogLevel.Information, "{Button} was pressed for the run {Run}", EventName = "Pressed")]
    public static partial void Pressed(ILogger logger, string button, string run);

    [LoggerMessage(5, LogLevel.Warning, "The dashboard passes over {File}: {Reason}", EventName = "LogSkipped")]
    public static partial void LogSkipped(ILogger logger, string file, string reason);

    [LoggerMessage(6, LogLevel.Debug, "A subscriber to {Run} took nothing for {Seconds} s and was disconnected", EventName = "Stalled")]
    public static partial void Stalled(ILogger logger, string run, double seconds);

    [LoggerMessage(7, LogLevel.Warning, "The event stream of {Run} broke off", EventName = "StreamFailed")]
    public static partial void StreamFailed(ILogger logger, string run, Exception exception);

    [LoggerMessage(8, LogLevel.Warning, "The app has the AdaLoRA dashboard's services, but serves it nowhere; call app.MapAdaLoRADashboard(\"/adalora\") after the app is built", EventName = "NotMapped")]
    public static partial void NotMapped(ILogger logger);
}
