using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Native;

/// <summary>One decision where libtorch comes from, and the loading that follows from it. Not thread-safe: <see cref="NativeBackend"/> holds the lock.</summary>
internal sealed class NativeLoad
{
    private readonly string? folder;
    private string? weakenedCopy;
    private nint torchCpu, torchCuda, binding;
    private bool checkedVersion;

    private NativeLoad(NativeBackendSource source, string? folder) => (Source, this.folder) = (source, folder);

    /// <summary>Where libtorch comes from.</summary>
    public NativeBackendSource Source { get; }

    /// <summary>Whether <see cref="Plan"/> is asking the runtime for a system's libtorch on this thread.</summary>
    [field: ThreadStatic]
    public static bool Planning { get; private set; }

    /// <summary>Decides where libtorch comes from. Costs a few file look-ups; nothing is loaded unless the operating system's loader has to be asked.</summary>
    /// <exception cref="DllNotFoundException">There is no usable libtorch.</exception>
    public static NativeLoad Plan(string? python)
    {
        string? bundled = NativeFiles.FolderOf(NativeFiles.TorchCpu);
        if (!string.IsNullOrEmpty(python))
        {
            if (bundled is not null)
            {
                throw new DllNotFoundException(TwoCopies(bundled));
            }
            return new NativeLoad(NativeBackendSource.PythonInstall, PythonTorch.At(python).Folder);
        }
        if (bundled is not null) return new NativeLoad(NativeBackendSource.Bundled, bundled);
        if (TryLoadByName(NativeFiles.TorchCpu, out nint found))
        {
            return new NativeLoad(NativeBackendSource.System, null) { torchCpu = found };
        }
        throw new DllNotFoundException(Missing());
    }

    /// <summary>That an application brings a libtorch and another one is asked for.</summary>
    public static string TwoCopies(string bundled) =>
        $"{NativeBackend.TorchVariable} is set, but the application has its own libtorch in '{bundled}' and two copies in one process abort: "
        + $"build it without one (-p:TorchBackend=none, or the package TorchSharp instead of TorchSharp-cpu), or unset {NativeBackend.TorchVariable}.";

    /// <summary>That there is none.</summary>
    public static string Missing() => NativeFiles.Package is { } package
        ? $"libtorch is missing: add the NuGet package TorchSharp-cpu to the application's project (or {package}, which restores this platform only), or set {NativeBackend.TorchVariable} to a Python install of torch {PythonTorch.Accepted}."
        : $"TorchSharp {NativeBackend.TorchSharpVersion} has no native library for {RuntimeInformation.RuntimeIdentifier}: it runs on linux-x64 (glibc), win-x64, win-arm64 and osx-arm64.";

    /// <summary>That TorchSharp's own native library is missing.</summary>
    public static string BindingMissing() => $"{NativeFiles.FileName(NativeFiles.Binding)} is missing beside the application: it comes with the NuGet package TorchSharp, publish the application again for {NativeFiles.Platform}.";

    /// <summary>The handle of TorchSharp's native library, on top of libtorch.</summary>
    public nint Binding()
    {
        if (binding != 0) return binding;
        LoadLibtorch();
        string? place = NativeFiles.FolderOf(NativeFiles.Binding);
        if (place is null)
        {
            return binding = TryLoadByName(NativeFiles.Binding, out nint found) ? found
                : throw new DllNotFoundException(BindingMissing());
        }
        string original = Path.Combine(place, NativeFiles.FileName(NativeFiles.Binding));
        if (NativeLibrary.TryLoad(original, out binding)) return binding;
        if (OperatingSystem.IsLinux())
        {
            binding = LinuxCure.Load(original, WeakenedCopy.DefaultFolder(), out string from);
            if (binding != 0)
            {
                weakenedCopy = from;
                return binding;
            }
        }
        return binding = LoadOrExplain(original);
    }

    /// <summary>The handle of one half of libtorch, or 0 where the runtime's own search is to go on.</summary>
    public nint Library(string name)
    {
        if (Source == NativeBackendSource.PythonInstall) LoadLibtorch();
        return name == NativeFiles.TorchCpu ? torchCpu : torchCuda;
    }

    /// <summary>Loads everything and reads the version from the library itself.</summary>
    public NativeBackendInfo Describe()
    {
        Binding();
        return new NativeBackendInfo(Source, folder ?? FolderInProcess(), LibtorchVersion(), HasCuda(), weakenedCopy);
    }

    private void LoadLibtorch()
    {
        if (checkedVersion) return;
        if (folder is not null)
        {
            foreach (string name in NativeFiles.Libtorch)
            {
                string file = Path.Combine(folder, NativeFiles.FileName(name));
                if (name.EndsWith("_cuda", StringComparison.Ordinal) && !File.Exists(file)) continue;
                nint handle = LoadOrExplain(file);
                if (name == NativeFiles.TorchCpu) torchCpu = handle;
                if (name == NativeFiles.TorchCuda) torchCuda = handle;
            }
        }
        // The library's own word, after the file names and version.py have given theirs: another minor version links, and crashes later.
        if (LibtorchVersion() is var version && !PythonTorch.IsAccepted(version.Major, version.Minor))
        {
            throw new DllNotFoundException($"The libtorch that loads here ({folder ?? FolderInProcess() ?? "from the system"}) is version {version}, but TorchSharp {NativeBackend.TorchSharpVersion} runs on {PythonTorch.Accepted} only.");
        }
        checkedVersion = true;
    }

    private unsafe Version LibtorchVersion()
    {
        // One byte each from the top: major, minor, patch. Part of libtorch's stable C interface.
        if (!NativeLibrary.TryGetExport(torchCpu, "aoti_torch_abi_version", out nint export)) return new Version(0, 0, 0);
        ulong packed = ((delegate* unmanaged<ulong>)export)();
        return new Version((int)(packed >> 56), (int)(packed >> 48 & 0xff), (int)(packed >> 40 & 0xff));
    }

    private bool HasCuda() => torchCuda != 0 || (Source == NativeBackendSource.System && TryLoadByName(NativeFiles.TorchCuda, out _));

    private static string? FolderInProcess()
    {
        string file = NativeFiles.FileName(NativeFiles.TorchCpu);
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
        {
            if (Path.GetFileName(module.FileName) == file) return Path.GetDirectoryName(module.FileName);
        }
        return null;
    }

    private static bool TryLoadByName(string name, out nint handle)
    {
        Planning = true;
        try
        {
            return NativeLibrary.TryLoad(name, Assembly.GetExecutingAssembly(), null, out handle);
        }
        finally
        {
            Planning = false;
        }
    }

    private static nint LoadOrExplain(string file)
    {
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // The runtime's message is a paragraph of general advice; the operating system's reason is its last line.
            string reason = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw new DllNotFoundException($"'{file}' does not load on this system ({reason.TrimEnd('.')}); if a library it names is missing, install that, else compare with the requirements of libtorch 2.10.", e);
        }
    }
}
