using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>Processors, environment and disks.</summary>
internal static class MachineChecks
{
    private const long EnoughDisk = 100_000_000;

    public static IEnumerable<Check> Run(Func<string, string?> environment)
    {
        yield return Threads(environment("OMP_NUM_THREADS"));
        yield return Simd();
        yield return Memory();
        if (OperatingSystem.IsLinux()) yield return WaitPolicy(environment("OMP_WAIT_POLICY"));
        yield return Disk("temporary-folder", "the temporary folder", Path.GetTempPath());
        if (OperatingSystem.IsLinux() && WeakenedCopy.DefaultFolder() is { } cache) yield return Disk("cache", "the cache", cache);
    }

    internal static Check Threads(string? openMp)
    {
        int usable = Environment.ProcessorCount, all = AllProcessors() ?? usable;
        string limit = CgroupProcessors() is { } share ? string.Create(CultureInfo.InvariantCulture, $", limited to {share:0.##} by a cgroup") : "";
        string found = $"{usable} processors usable of {all}{limit}.";
        return int.TryParse(openMp, NumberStyles.None, CultureInfo.InvariantCulture, out int asked) && asked > usable
            ? Check.Warning("threads", $"{found} OMP_NUM_THREADS asks for {asked} threads, which would wait for each other.", $"Unset OMP_NUM_THREADS, or set it to {usable}.")
            : Check.Ok("threads", found);
    }

    private static Check Simd()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return Check.Ok("simd", $"{RuntimeInformation.ProcessArchitecture}.");
        if (!Avx2.IsSupported || !Fma.IsSupported) return Check.Warning("simd", "No AVX2 with FMA: the kernels of the adapters run several times slower.", "Use a machine with AVX2 (2013 and later); in a virtual machine, pass the host's processor through.");
        return Check.Ok("simd", Avx512F.IsSupported ? "AVX2 and AVX-512." : "AVX2.");
    }

    private static Check Memory()
    {
        var info = GC.GetGCMemoryInfo();
        return Check.Ok("memory", $"{Text.Bytes(info.TotalAvailableMemoryBytes)} usable by this process.");
    }

    internal static Check WaitPolicy(string? policy) => policy?.ToLowerInvariant() switch
    {
        null or "" => Check.Ok("omp-wait-policy", "OMP_WAIT_POLICY is not set: AdaLoRA.Gen sets it to passive, so that idle threads sleep."),
        "passive" => Check.Ok("omp-wait-policy", "OMP_WAIT_POLICY is passive: idle threads sleep."),
        "active" when CgroupProcessors() is not null => Check.Warning("omp-wait-policy", "OMP_WAIT_POLICY is active on processors that are shared by a cgroup: idle threads spin, and take the time of those that compute.", "Unset OMP_WAIT_POLICY, or set it to passive."),
        "active" => Check.Ok("omp-wait-policy", "OMP_WAIT_POLICY is active: idle threads spin, which is faster on processors of your own."),
        var other => Check.Warning("omp-wait-policy", $"OMP_WAIT_POLICY is '{other}', which means nothing; it is active or passive.", "Unset it."),
    };

    internal static Check Disk(string id, string what, string folder)
    {
        // The nearest folder that is there: the cache is made when it is needed.
        DirectoryInfo? there = new(folder);
        while (there is { Exists: false }) there = there.Parent;
        try
        {
            long free = there is null ? 0 : new DriveInfo(there.FullName).AvailableFreeSpace;
            return free >= EnoughDisk ? Check.Ok(id, $"{Text.Bytes(free)} free for {what}, '{folder}'.") : Check.Warning(id, $"Only {Text.Bytes(free)} free for {what}, '{folder}'.", "Make room there, or name another folder (TMPDIR, XDG_CACHE_HOME).");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Check.Warning(id, $"How much is free for {what}, '{folder}', cannot be told: {e.Message}");
        }
    }

    private static int? AllProcessors()
    {
        try
        {
            return OperatingSystem.IsLinux() ? File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal)) is var count and > 0 ? count : null : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Processors that a cgroup (version 2, or 1) leaves; null for no limit.</summary>
    private static double? CgroupProcessors()
    {
        if (!OperatingSystem.IsLinux()) return null;
        string[]? words = Words("/sys/fs/cgroup/cpu.max") ?? (Words("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") is [var old] && Words("/sys/fs/cgroup/cpu/cpu.cfs_period_us") is [var every] ? [old, every] : null);
        return words is [var quota, var period] && double.TryParse(quota, NumberStyles.Float, CultureInfo.InvariantCulture, out double time) && double.TryParse(period, NumberStyles.Float, CultureInfo.InvariantCulture, out double length) && time > 0 && length > 0
            ? time / length
            : null;

        static string[]? Words(string path)
        {
            try
            {
                return File.Exists(path) ? File.ReadAllText(path).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }
}
