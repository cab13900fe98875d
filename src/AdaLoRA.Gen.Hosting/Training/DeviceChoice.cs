using System.Globalization;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Reads a device's name and checks that the machine has it.</summary>
internal static class DeviceChoice
{
    /// <summary>What a name may be, for messages.</summary>
    public const string Names = "\"auto\", \"cpu\", \"cuda\" or \"cuda:1\"";

    private const string Auto = "auto";

    /// <summary>Whether a name means a device, on whatever machine.</summary>
    public static bool IsName(string? name) => IsAuto(name) || TryParse(name, out _);

    /// <exception cref="AdaLoRAException">The device is not there.</exception>
    public static torch.Device Resolve(string name)
    {
        if (IsAuto(name)) return CudaDevices() > 0 ? new torch.Device(DeviceType.CUDA, 0) : torch.CPU;
        if (!TryParse(name, out var device)) throw new AdaLoRAException($"Device is '{name}'; it must be {Names}.");
        if (device.Type == DeviceType.CPU) return torch.CPU;
        int count = CudaDevices();
        if (count == 0)
        {
            throw new AdaLoRAException($"Device '{name}' is not available: libtorch finds no CUDA device; set Device to \"cpu\" or \"auto\", or build the app with -p:TorchBackend=cuda on a machine with a driver.");
        }
        if (device.Index >= count) throw new AdaLoRAException($"Device '{name}' is not available: this machine has {count} CUDA device{(count == 1 ? "" : "s")}, numbered from 0.");
        return new torch.Device(DeviceType.CUDA, device.Index);
    }

    private static bool IsAuto(string? name) => Auto.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static int CudaDevices() => torch.cuda.is_available() ? torch.cuda.device_count() : 0;

    private static bool TryParse(string? name, out (DeviceType Type, int Index) device)
    {
        device = (DeviceType.CPU, -1);
        if (name is null) return false;
        if (name.Equals("cpu", StringComparison.OrdinalIgnoreCase)) return true;
        device = (DeviceType.CUDA, 0);
        if (name.Equals("cuda", StringComparison.OrdinalIgnoreCase)) return true;
        if (!name.StartsWith("cuda:", StringComparison.OrdinalIgnoreCase) || !int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index)) return false;
        device = (DeviceType.CUDA, index);
        return true;
    }
}
