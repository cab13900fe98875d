using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Native;

/// <summary>Where the native libraries of an application lie, and what they are called on this operating system.</summary>
internal static class NativeFiles
{
    /// <summary>TorchSharp's own native library; it binds .NET to libtorch.</summary>
    public const string Binding = "LibTorchSharp";

    /// <summary>The largest library of libtorch, the one whose presence says that libtorch is there.</summary>
    public const string TorchCpu = "torch_cpu";

    /// <summary>The CUDA half of libtorch; a CPU build has none.</summary>
    public const string TorchCuda = "torch_cuda";

    /// <summary>The one version of a symbol that TorchSharp's library asks for and never needs; see <see cref="LinuxCure"/>.</summary>
    public const string WeakenedVersion = "GLIBCXX_3.4.32";

    /// <summary>The folder of an application other than this process's own, whose libraries are to be found instead; null: this one's. Set before the first torch call or never.</summary>
    public static string? OtherApplication { get; set; }

    /// <summary>libtorch in the order in which it must be loaded: each library finds the ones before it already in the process.</summary>
    public static string[] Libtorch => ["c10", TorchCpu, "c10_cuda", TorchCuda, "torch"];

    /// <summary>The platform as NuGet names it.</summary>
    public static string Platform
        => (OperatingSystem.IsWindows() ? "win-" : OperatingSystem.IsMacOS() ? "osx-" : "linux-") + RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            var other => other.ToString().ToLowerInvariant(),
        };

    /// <summary>The NuGet package that holds libtorch for this platform, or null when there is none.</summary>
    public static string? Package => Platform is "linux-x64" or "win-x64" or "win-arm64" or "osx-arm64" && !IsMusl ? $"libtorch-cpu-{Platform}" : null;

    private static bool IsMusl => RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);

    /// <summary>The file name of a library.</summary>
    public static string FileName(string library)
        => OperatingSystem.IsWindows() ? $"{library}.dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";

    /// <summary>The first folder of the application that holds a library, or null.</summary>
    public static string? FolderOf(string library)
    {
        string file = FileName(library);
        foreach (string folder in Folders())
        {
            if (File.Exists(Path.Combine(folder, file))) return Path.TrimEndingDirectorySeparator(folder);
        }
        return null;
    }

    /// <summary>Where an application's native libraries may lie, in the order in which they are looked for.</summary>
    /// <param name="application">Its folder.</param>
    public static string[] FoldersOf(string application) => [application, Path.Combine(application, "runtimes", Platform, "native")];

    private static IEnumerable<string> Folders()
    {
        if (OtherApplication is { } other)
        {
            foreach (string folder in FoldersOf(other)) yield return folder;
            yield break;
        }
        // Set by the host from the .deps.json: runtimes/<platform>/native of a portable app, the extraction folder of a single file; absent under NativeAOT.
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string searched)
        {
            foreach (string folder in searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)) yield return folder;
        }
        foreach (string folder in FoldersOf(AppContext.BaseDirectory)) yield return folder;
    }
}
