using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace AdaLoRA.Gen.Native;

/// <summary>
/// Makes libtorch load on every machine a user has. Runs as a module initializer of this assembly and, through generated code, of the user's, so that it
/// comes before the first torch call.
/// </summary>
public static class NativeBackend
{
    private static readonly Lock Gate = new();
    private static bool s_initialized;
    private static nint s_weakened;

    /// <summary>Subscribes to the runtime's search for native libraries; later calls do nothing.</summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must run before the first torch call of the process.")]
    public static void Initialize()
    {
        lock (Gate)
        {
            if (s_initialized) return;
            s_initialized = true;
            AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == "LibTorchSharp" && OperatingSystem.IsLinux() ? LoadWeakened() : 0;
        }
    }

    private static nint LoadWeakened()
    {
        lock (Gate)
        {
            if (s_weakened != 0) return s_weakened;
            foreach (string folder in NativeFolders())
            {
                string original = Path.Combine(folder, "libLibTorchSharp.so");
                if (!File.Exists(original)) continue;
                foreach (string dependency in (string[])["libc10.so", "libtorch_cpu.so", "libtorch.so"])
                {
                    if (!NativeLibrary.TryLoad(Path.Combine(folder, dependency), out _)) return 0;
                }
                return s_weakened = NativeLibrary.Load(WeakenedCopy.Of(original));
            }
            return 0;
        }
    }

    private static IEnumerable<string> NativeFolders()
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native"));
    }
}
