using System.Diagnostics;
using System.Globalization;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>Memory of this process as the kernel counts it, in megabytes of 10⁶ bytes.</summary>
internal static class ProcessMemory
{
    private const string Status = "/proc/self/status";

    /// <summary>Highest resident memory so far.</summary>
    public static double Peak()
    {
        if (OperatingSystem.IsLinux() && Field(File.ReadAllText(Status), "VmHWM") is { } kilobytes) return kilobytes * 1024 / 1e6;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e6;
    }

    /// <summary>Resident memory that is not backed by a file, now: what a mapped file takes is not in it. All resident memory where the system does not tell.</summary>
    public static double Anonymous()
    {
        if (OperatingSystem.IsLinux() && Field(File.ReadAllText(Status), "RssAnon") is { } kilobytes) return kilobytes * 1024 / 1e6;
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e6;
    }

    /// <summary>Kilobytes (1,024 bytes) of a field of <c>/proc/PID/status</c>, as in <c>VmHWM:\t  911324 kB</c>; null when there is none.</summary>
    public static long? Field(string status, string name)
    {
        foreach (var line in status.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(name) || line.Length <= name.Length || line[name.Length] != ':') continue;
            var value = line[(name.Length + 1)..].Trim();
            int end = value.IndexOf(' ');
            return end > 0 && value[end..].Trim() is "kB" && long.TryParse(value[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes) ? kilobytes : null;
        }
        return null;
    }
}
