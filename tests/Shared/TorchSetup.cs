using System.Runtime.CompilerServices;
using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Testing;

/// <summary>Prepares libtorch before the first test touches it.</summary>
internal static class TorchSetup
{
    /// <summary>Finds the native library, then fixes one intra-op thread: sums over threads depend on how many there are, and small shapes are faster on one.</summary>
    [ModuleInitializer]
    internal static void Initialize()
    {
        NativeBackend.Initialize();
        TorchSharp.torch.set_num_threads(1);
    }
}
