using System.Runtime.InteropServices;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks;

/// <summary>Sets up libtorch's threads; must run before the first torch call of the process.</summary>
internal static partial class NativeThreads
{
    /// <param name="threads">Intra-op threads; null leaves torch its default.</param>
    public static void Configure(int? threads)
    {
        // On a shared machine a spinning OpenMP thread takes the core that its sibling waits for. libgomp reads the variable when it is loaded, from the C environment,
        // which Environment.SetEnvironmentVariable does not reach.
        if (OperatingSystem.IsLinux()) _ = SetVariable("OMP_WAIT_POLICY", "passive", overwrite: 0);
        if (threads is { } n) torch.set_num_threads(n);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
