using System.ComponentModel;
using System.Diagnostics;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Whether the process that wrote a log is at it still.</summary>
internal static class RunProcess
{
    /// <summary>Where a run is, as far as its log and this machine tell: without an end its process is at it still, or it died.</summary>
    public static RunState StateOf(RunStarted started, RunEnded? ended) => ended?.State ?? (IsAlive(started) ? RunState.Training : RunState.Interrupted);

    private static bool IsAlive(RunStarted started)
    {
        try
        {
            // A later process may have got the number of one that is gone; it was started after the run.
            using var process = Process.GetProcessById(started.ProcessId);
            return process.StartTime.ToUniversalTime() <= started.Time.UtcDateTime;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return false;
        }
    }
}
