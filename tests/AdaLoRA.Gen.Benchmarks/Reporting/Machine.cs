using System.Runtime.Intrinsics;
using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Benchmarks.Reporting;

/// <summary>The machine in words: enough to read the numbers by.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string vectors = Vector512.IsHardwareAccelerated ? "512-bit vectors" : Vector256.IsHardwareAccelerated ? "256-bit vectors" : "128-bit vectors";
        return $"{Environment.ProcessorCount} cores, {vectors}, .NET {Environment.Version}, libtorch {NativeBackend.Check().LibtorchVersion}";
    }
}
