using TorchSharp;

namespace AdaLoRA.Gen.Arena;

/// <summary>TorchSharp's Device compares by reference.</summary>
internal static class DeviceEquality
{
    /// <summary>Same type and, but for the CPU, same index; no index means the first.</summary>
    public static bool IsSame(this torch.Device a, torch.Device b) => a.type == b.type && (a.type == DeviceType.CPU || Math.Max(a.index, 0) == Math.Max(b.index, 0));
}
