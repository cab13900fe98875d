using System.Runtime.CompilerServices;
using AdaLoRA.Gen.Native;

// One test at a time in a project that uses torch. Its default generator belongs to the process, and TorchSharp 0.107 does not keep a Scalar alive during the native call it is passed
// to: a collection that another test's thread starts in that moment frees it ("Expected false to be true" from Scalar.h; seen once).
[assembly: CollectionBehavior(DisableTestParallelization = true)]

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
