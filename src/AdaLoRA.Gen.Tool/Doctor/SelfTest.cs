using System.Runtime.InteropServices;
using System.Text.Json;
using AdaLoRA.Gen.Native;
using TorchSharp;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>What a child found that loaded libtorch.</summary>
/// <param name="Version">libtorch's own word.</param>
/// <param name="Description">The run time's line on what is loaded.</param>
/// <param name="Sum">Sum of a product that is 72.</param>
/// <param name="CudaDevices">Devices that libtorch finds; 0 without CUDA.</param>
internal sealed record SelfTestResult(string Version, string Description, double Sum, int CudaDevices);

/// <summary>What a child found that loaded the CUDA driver.</summary>
/// <param name="DriverVersion">Such as 12.8: the newest CUDA that it runs.</param>
/// <param name="Devices">Name and memory of each.</param>
internal sealed record GpuResult(string DriverVersion, IReadOnlyList<GpuDevice> Devices);

/// <summary>A CUDA device.</summary>
internal sealed record GpuDevice(string Name, long Bytes);

/// <summary>What may crash, and therefore runs in a child.</summary>
internal static unsafe class SelfTest
{
    public const string TorchPart = "torch", GpuPart = "gpu";

    /// <summary>Loads an application's libtorch as the run time does in that application, and multiplies.</summary>
    public static SelfTestResult Torch(string application)
    {
        NativeFiles.OtherApplication = application;
        var info = NativeBackend.Check();
        using var scope = torch.NewDisposeScope();
        double sum = torch.ones(3, 4).mm(torch.ones(4, 6)).sum().ToDouble();
        return new SelfTestResult(info.LibtorchVersion.ToString(), info.ToString(), sum, torch.cuda.is_available() ? torch.cuda.device_count() : 0);
    }

    /// <summary>Asks the CUDA driver for its devices; null where there is no driver, or none that starts.</summary>
    public static GpuResult? Gpu()
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out nint driver)) return null;
        if (Export("cuInit") is var start && start == 0 || ((delegate* unmanaged<uint, int>)start)(0) != 0) return null;
        int version = 0, count = 0;
        if (Export("cuDriverGetVersion") is var tell and not 0) _ = ((delegate* unmanaged<int*, int>)tell)(&version);
        if (Export("cuDeviceGetCount") is var number and not 0) _ = ((delegate* unmanaged<int*, int>)number)(&count);
        nint name = Export("cuDeviceGetName"), memory = Export("cuDeviceTotalMem_v2"), get = Export("cuDeviceGet");
        var devices = new List<GpuDevice>();
        byte* text = stackalloc byte[256];
        for (int i = 0; i < count && name != 0 && memory != 0 && get != 0; i++)
        {
            int device;
            nuint bytes = 0;
            if (((delegate* unmanaged<int*, int, int>)get)(&device, i) != 0 || ((delegate* unmanaged<byte*, int, int, int>)name)(text, 256, device) != 0 || ((delegate* unmanaged<nuint*, int, int>)memory)(&bytes, device) != 0) continue;
            devices.Add(new GpuDevice(Marshal.PtrToStringUTF8((nint)text) ?? "?", (long)bytes));
        }
        return new GpuResult($"{version / 1000}.{version % 1000 / 10}", devices);

        nint Export(string symbol) => NativeLibrary.TryGetExport(driver, symbol, out nint address) ? address : 0;
    }

    /// <summary>The line of JSON that a child wrote; null when it wrote none.</summary>
    public static T? Read<T>(string output, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        foreach (string line in output.Split('\n').Where(l => l.StartsWith('{')))
        {
            try
            {
                return JsonSerializer.Deserialize(line, type);
            }
            catch (JsonException)
            {
                // libtorch, too, may write what begins with a brace.
            }
        }
        return null;
    }
}
