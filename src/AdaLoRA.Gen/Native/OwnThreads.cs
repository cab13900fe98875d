using System.Runtime.InteropServices;
using TorchSharp;

namespace AdaLoRA.Gen.Native;

/// <summary>Intra-op threads of the calling thread alone; <c>torch.set_num_threads</c> also changes what every later thread starts with.</summary>
internal static unsafe class OwnThreads
{
    /// <summary>From now on this thread's operations run on it alone, where libtorch is built with OpenMP.</summary>
    public static void UseOne()
    {
        // The first question makes libtorch set this thread up with the process's number, which would undo the next line later.
        _ = torch.get_num_threads();
        // A thread's own setting in OpenMP; libtorch brings the library along, under a name of its own.
        if (NativeBackend.TryGetExport("omp_set_num_threads", out nint export)) ((delegate* unmanaged<int, void>)export)(1);
    }
}
