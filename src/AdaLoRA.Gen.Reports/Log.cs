using Microsoft.Extensions.Logging;

namespace AdaLoRA.Gen.Reports;

/// <summary>Every log message of the room. Ids are never reused.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "The report of {Run} is {Page}", EventName = "ReportWritten")]
    public static partial void Written(ILogger logger, string run, string page);

    [LoggerMessage(2, LogLevel.Warning, "{Run} has no report: {Reason}", EventName = "ReportFailed")]
    public static partial void Failed(ILogger logger, string run, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The report of {Run} is not complete. {Reason}", EventName = "ReportWithoutPictures")]
    public static partial void NoPictures(ILogger logger, string run, string reason);
}
