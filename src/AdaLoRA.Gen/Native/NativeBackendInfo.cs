namespace AdaLoRA.Gen.Native;

/// <summary>Where libtorch came from.</summary>
public enum NativeBackendSource
{
    /// <summary>From the NuGet package that the application references: it lies in the application's own folders.</summary>
    Bundled,

    /// <summary>From the Python install that <see cref="NativeBackend.TorchVariable"/> names.</summary>
    PythonInstall,

    /// <summary>The operating system's loader found it (a system package, <c>LD_LIBRARY_PATH</c>, <c>PATH</c>).</summary>
    System,
}

/// <summary>What is loaded.</summary>
/// <param name="Source">Where libtorch came from.</param>
/// <param name="Folder">The folder of libtorch; null when the operating system does not tell.</param>
/// <param name="LibtorchVersion">The version that the loaded libtorch reports of itself.</param>
/// <param name="HasCuda">Whether libtorch was built with CUDA (not whether a device is there).</param>
/// <param name="WeakenedCopy">Where the copy of TorchSharp's native library that an older libstdc++ accepts was loaded from; null when the original loads.</param>
public sealed record NativeBackendInfo(NativeBackendSource Source, string? Folder, Version LibtorchVersion, bool HasCuda, string? WeakenedCopy)
{
    /// <summary>One line for a log.</summary>
    public override string ToString()
    {
        string source = Source switch
        {
            NativeBackendSource.Bundled => "bundled with the application",
            NativeBackendSource.PythonInstall => "from a Python install",
            _ => "from the system",
        };
        return $"libtorch {LibtorchVersion}{(HasCuda ? " with CUDA" : "")}, {source}{(Folder is null ? "" : $" ({Folder})")}; "
            + (WeakenedCopy is null ? "LibTorchSharp as it is" : $"LibTorchSharp weakened for this system's libstdc++ ({WeakenedCopy})");
    }
}
