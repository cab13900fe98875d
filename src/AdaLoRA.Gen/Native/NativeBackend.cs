using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace AdaLoRA.Gen.Native;

/// <summary>
/// Makes libtorch load on every machine a user has, or says in one sentence why it cannot. What happens at load, and what to do about each
/// message, stands in <c>src/AdaLoRA.Gen/Native/README.md</c>.
/// </summary>
public static class NativeBackend
{
    /// <summary>The environment variable that names a Python install of torch whose libtorch is used: its <c>torch/lib</c>, <c>torch</c> or <c>site-packages</c> folder.</summary>
    public const string TorchVariable = "ADALORA_TORCH";

    internal const string TorchSharpVersion = "0.107";

    private static readonly Lock Gate = new();
    private static int s_subscribed;
    private static volatile bool s_ready;
    private static NativeLoad? s_load;

    /// <summary>
    /// What loading this assembly does: it subscribes to the runtime's search for native libraries, and never throws, so that a tool that merely
    /// loads the assembly lives.
    /// </summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must run before the first torch call of the process.")]
    internal static void Subscribe()
    {
        if (Interlocked.Exchange(ref s_subscribed, 1) != 0) return;
        if (OperatingSystem.IsLinux()) LinuxCure.LetIdleThreadsSleep();
        (AssemblyLoadContext.GetLoadContext(typeof(NativeBackend).Assembly) ?? AssemblyLoadContext.Default).ResolvingUnmanagedDll += Resolve;
    }

    /// <summary>
    /// Makes sure that libtorch will load, before the first torch call. Generated code calls it from a module initializer of the user's assembly; an
    /// application without generated code may call it first thing in <c>Main</c>. Any thread, any number of times: after the first success it costs nothing.
    /// </summary>
    /// <exception cref="DllNotFoundException">libtorch is missing, or the one that <see cref="TorchVariable"/> names cannot be used; the message is one sentence that names the remedy.</exception>
    public static void Initialize()
    {
        if (s_ready) return;
        Subscribe();
        lock (Gate)
        {
            if (s_ready) return;
            var load = Current();
            // A bundled libtorch is left to TorchSharp's own load. The two cases in which the event does not come to help are loaded at once: a Python
            // install (the loader might find another libtorch first), and NativeAOT (NativeLibrary.TryLoad raises no event there).
            if (load.Source == NativeBackendSource.PythonInstall || !RuntimeFeature.IsDynamicCodeSupported) load.Binding();
            s_ready = true;
        }
    }

    /// <summary>Loads libtorch and TorchSharp's native library, if they are not loaded yet, and says what they are.</summary>
    /// <exception cref="DllNotFoundException">They cannot be loaded; the message is one sentence.</exception>
    public static NativeBackendInfo Check()
    {
        Initialize();
        lock (Gate) return Current().Describe();
    }

    /// <summary><see cref="Check"/> as one line for a log.</summary>
    public static string Describe() => Check().ToString();

    /// <summary>The handle under which libtorch's own exports are found; 0 where the operating system does not give it.</summary>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded.</exception>
    internal static nint Libtorch()
    {
        Initialize();
        lock (Gate)
        {
            Current().Binding();
            return Current().Library(NativeFiles.TorchCpu);
        }
    }

    /// <summary>Address of a function that libtorch exports under its C++ name; false where this build of it does not.</summary>
    internal static bool TryGetExport(string symbol, out nint address)
    {
        address = 0;
        return Libtorch() is var library && library != 0 && NativeLibrary.TryGetExport(library, symbol, out address);
    }

    private static NativeLoad Current() => s_load ??= NativeLoad.Plan(Environment.GetEnvironmentVariable(TorchVariable));

    /// <summary>The runtime asks here for a native library that it did not find or could not load. TorchSharp prints what is thrown inside its own trace.</summary>
    private static nint Resolve(Assembly assembly, string name)
    {
        if (name is not (NativeFiles.Binding or NativeFiles.TorchCpu or NativeFiles.TorchCuda)) return 0;
        lock (Gate)
        {
            // Planning looks for a system's libtorch by name, which raises this event again.
            if (NativeLoad.Planning) return 0;
            return name == NativeFiles.Binding ? Current().Binding() : Current().Library(name);
        }
    }
}
