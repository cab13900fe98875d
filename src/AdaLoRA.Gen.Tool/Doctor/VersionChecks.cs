using System.Runtime.InteropServices;
using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>Versions of the C and C++ libraries that libtorch asks for, against those of this system. Linux only.</summary>
internal static class VersionChecks
{
    /// <param name="images">The libraries.</param>
    /// <param name="glibc">Version of the C library; null where there is none of GNU's.</param>
    /// <param name="offered">Versions that the system's libstdc++ offers; null where it was not found.</param>
    /// <param name="cache">Where the weakened copy lies; null for nowhere.</param>
    public static IEnumerable<Check> Run(IReadOnlyDictionary<string, ElfFile> images, string? glibc, IReadOnlyCollection<string>? offered, string? cache)
    {
        if (images.Count == 0) yield break;
        var needs = images.SelectMany(image => image.Value.Needs.Select(need => (Library: image.Key, Need: need))).ToList();
        yield return Glibc(needs, glibc);
        if (offered is null)
        {
            yield return Check.Warning("libstdc++", "The system's libstdc++ was not found, so what libtorch asks of it was not compared; the self-test shows whether it loads.");
            yield break;
        }
        string found = Newest(offered, "GLIBCXX_") ?? "none";
        var missing = needs.Where(n => (n.Need.StartsWith("GLIBCXX_", StringComparison.Ordinal) || n.Need.StartsWith("CXXABI_", StringComparison.Ordinal)) && !offered.Contains(n.Need)).ToList();
        if (missing.Count == 0) yield return Check.Ok("libstdc++", $"This system's libstdc++ offers up to {found}, which is enough; TorchSharp's library is loaded as it is.");
        else if (missing.TrueForAll(m => m.Library == NativeFiles.Binding && m.Need == NativeFiles.WeakenedVersion)) yield return Cure(found, cache);
        else
        {
            var worst = missing.First(m => m.Library != NativeFiles.Binding || m.Need != NativeFiles.WeakenedVersion);
            yield return Check.Problem("libstdc++", $"{NativeFiles.FileName(worst.Library)} asks for {worst.Need}, and this system's libstdc++ offers up to {found}.", "Take a newer base image (Debian 12, Ubuntu 22.04, RHEL 9 or later), or install a newer libstdc++6.");
        }
    }

    private static Check Cure(string found, string? cache)
    {
        string message = $"{NativeFiles.FileName(NativeFiles.Binding)} asks for {NativeFiles.WeakenedVersion}, this system's libstdc++ offers up to {found}: a weakened copy is loaded instead (one bit of the file; the symbol is never called)";
        if (cache is null) return Check.Warning("libstdc++", $"{message}, from a temporary file, as the user has no home.", "Set XDG_CACHE_HOME to a folder that can be written; it saves a copy of 2 MB at every start.");
        bool there = Directory.Exists(cache) && Directory.GetFiles(cache, "*" + NativeFiles.FileName(NativeFiles.Binding)).Length > 0;
        return Check.Ok("libstdc++", $"{message}; {(there ? "it lies" : "it will lie")} in '{cache}'.");
    }

    private static Check Glibc(List<(string Library, string Need)> needs, string? glibc)
    {
        if (glibc is null) return Check.Problem("glibc", "This system's C library is not GNU's, and libtorch needs that.", "Take a base image with glibc (Debian, Ubuntu, RHEL), not Alpine.");
        var newest = needs.Where(n => n.Need.StartsWith("GLIBC_", StringComparison.Ordinal)).DefaultIfEmpty().MaxBy(n => n.Need is null ? new Version(0, 0) : Number(n.Need));
        if (newest.Need is null) return Check.Ok("glibc", $"glibc {glibc}.");
        return Number(newest.Need) <= Number("GLIBC_" + glibc)
            ? Check.Ok("glibc", $"glibc {glibc}; {newest.Need["GLIBC_".Length..]} is needed.")
            : Check.Problem("glibc", $"{NativeFiles.FileName(newest.Library)} needs glibc {newest.Need["GLIBC_".Length..]}, and this system has {glibc}.", "Take a newer base image: Debian 12, Ubuntu 22.04, RHEL 9 or later.");
    }

    /// <summary>Version of the C library of this process; null where it is not GNU's.</summary>
    public static unsafe string? SystemGlibc() =>
        OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "gnu_get_libc_version", out nint export) ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)export)()) : null;

    /// <summary>What the libstdc++ of this process, which .NET itself has loaded, offers; null where it is not found.</summary>
    public static IReadOnlyCollection<string>? SystemLibstdcxx()
    {
        try
        {
            string? line = File.ReadLines("/proc/self/maps").FirstOrDefault(l => l.Contains("/libstdc++.so", StringComparison.Ordinal));
            return line is null ? null : ElfFile.Open(line[line.IndexOf('/', StringComparison.Ordinal)..]).Definitions.ToHashSet(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return null;
        }
    }

    private static string? Newest(IEnumerable<string> versions, string prefix) => versions.Where(v => v.StartsWith(prefix, StringComparison.Ordinal) && Number(v) > new Version(0, 0)).MaxBy(Number);

    private static Version Number(string version) => Version.TryParse(version[(version.IndexOf('_', StringComparison.Ordinal) + 1)..], out var number) ? number : new Version(0, 0);
}
