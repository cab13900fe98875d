using System.Diagnostics;
using AdaLoRA.Gen.Native;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Memory that a run takes.</summary>
internal static class MemoryUse
{
    /// <summary>Bytes in use on the device, by all processes; null on the CPU and where there is no driver to ask. Waits for nothing.</summary>
    public static long? Of(torch.Device device) => device.type == DeviceType.CUDA ? CudaMemory.InUse(Math.Max(device.index, 0)) : null;

    /// <summary>The most bytes of physical memory that the process has had so far; null where the operating system does not count them.</summary>
    public static long? ProcessPeak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 is > 0 and var peak ? peak : null;
    }

    /// <summary>The larger of the two that are known.</summary>
    public static long? Larger(long? a, long? b) => a > (b ?? long.MinValue) ? a : b;
}
