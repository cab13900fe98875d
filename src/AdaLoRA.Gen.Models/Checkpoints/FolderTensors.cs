using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>The tensors of a model under the keys of a checkpoint.</summary>
internal static class FolderTensors
{
    /// <summary>Parameters and persistent buffers, each once, in the model's order; those of adapters are left out.</summary>
    /// <param name="model">The model.</param>
    /// <param name="mapping">How keys of a checkpoint become names of the model.</param>
    /// <param name="source">The checkpoint whose keys are taken, if it has one for every tensor; otherwise, and without one, names are keys.</param>
    internal static List<(string Key, Tensor Value)> Of(nn.Module model, CheckpointMapping mapping, HuggingFaceCheckpoint? source)
    {
        string[] adapters = [.. model.named_modules().Where(named => named.module is AdapterSet).Select(named => named.name + ".")];
        List<(string Name, Tensor Value)> tensors = [.. model.named_parameters().Select(named => (named.name, (Tensor)named.parameter)).Concat(model.named_buffers())
            .Where(named => !Array.Exists(adapters, prefix => named.Item1.StartsWith(prefix, StringComparison.Ordinal)))];
        string? empty = tensors.Find(tensor => tensor.Value.device_type == DeviceType.META).Name;
        if (empty is not null) throw new AdaLoRAException($"'{empty}' of {model.GetName()} is on the meta device and has no values to write: load a checkpoint first.");
        Dictionary<string, string> keys = source is null ? [] : Keys(source, mapping, tensors);
        // A model that has more than the source (a new head) is another architecture: half of the one's keys and half of the other's would be read by nobody.
        bool spelled = tensors.TrueForAll(tensor => keys.ContainsKey(tensor.Name));
        return [.. tensors.Select(tensor => (spelled ? keys[tensor.Name] : tensor.Name, tensor.Value))];
    }

    private static Dictionary<string, string> Keys(HuggingFaceCheckpoint source, CheckpointMapping mapping, List<(string Name, Tensor Value)> tensors)
    {
        Dictionary<string, Tensor> byName = tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value, StringComparer.Ordinal);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in source.Names)
        {
            if (mapping.NameOf(key, byName) is not { } name || !keys.TryAdd(name, key)) continue;
            // Scales stand beside what they scale; no source lists them.
            string scale = name + HuggingFaceCheckpoint.ScaleSuffix;
            if (byName.ContainsKey(scale)) keys.Add(scale, key + HuggingFaceCheckpoint.ScaleSuffix);
        }
        return keys;
    }
}
