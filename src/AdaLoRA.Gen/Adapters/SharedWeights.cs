using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>Finds weights that are used in more than one place: what is added to them for one place is added to the others.</summary>
internal static class SharedWeights
{
    /// <summary>Why an adapter's weight cannot be merged or exported with its base; null when nothing else uses it.</summary>
    public static string? WhyShared(nn.Module model, Adapter adapter)
    {
        string name = adapter.Path + ".weight";
        foreach (var (path, module) in model.named_modules().Prepend(("", model)))
        {
            if (module is ITiedWeights tied && tied.TiedParameters.Any(t => (path.Length == 0 ? t : $"{path}.{t}") == name)) return $"'{name}' is used a second time by {module.GetType().Name} (tied weights)";
        }
        if (Address(adapter.Layer.Weight) is not { } address) return null;
        foreach (var (path, module) in model.named_modules())
        {
            if (path == adapter.Path || AdapterSet.IsOwn(model, path)) continue;
            foreach (var (own, parameter) in module.named_parameters(recurse: false))
            {
                if (Address(parameter) == address) return $"'{name}' and '{path}.{own}' are one tensor (tied weights)";
            }
        }
        return null;
    }

    /// <summary>Where a tensor lies. TorchSharp tells it for memory of the CPU up to 2 GB; null elsewhere.</summary>
    private static unsafe nint? Address(Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous() || tensor.numel() == 0 || tensor.numel() * tensor.element_size() > int.MaxValue) return null;
        fixed (byte* p = tensor.bytes) return (nint)p;
    }
}
