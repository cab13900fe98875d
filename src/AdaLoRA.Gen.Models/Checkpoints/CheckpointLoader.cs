using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Fills a module from a checkpoint. Everything is compared before the first value is written, so a checkpoint that does not fit changes nothing.</summary>
public static class CheckpointLoader
{
    private const int MostNamed = 8;

    /// <summary>Loads all parameters and persistent buffers of a module.</summary>
    /// <param name="module">The module; parameters on the meta device are replaced, others are overwritten in their type and on their device.</param>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="mapping">How keys map to names. Default: as they are.</param>
    /// <param name="device">Where parameters that were on the meta device go. Default: the CPU.</param>
    /// <param name="dtype">Type of parameters that were on the meta device. Default: the one they were built with.</param>
    /// <exception cref="AdaLoRAException">Keys are missing, unexpected or of another shape; the message lists them.</exception>
    /// <exception cref="Serialization.SafetensorsException">A tensor cannot be read.</exception>
    public static void Load(nn.Module module, HuggingFaceCheckpoint checkpoint, CheckpointMapping? mapping = null, Device? device = null, ScalarType? dtype = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(checkpoint);
        Dictionary<string, CheckpointTarget> targets = CheckpointTarget.Of(module);
        Dictionary<string, string> keys = Match(module, checkpoint, mapping ?? CheckpointMapping.Identity, targets);
        foreach ((string name, string key) in keys)
        {
            CheckpointTarget target = targets[name];
            bool onMeta = target.Value.device_type == DeviceType.META;
            if (target.IsInt8) target.AssignInt8(checkpoint, key, onMeta ? device ?? torch.CPU : target.Value.device);
            else if (onMeta) target.Assign(checkpoint.Read(key, dtype ?? target.Value.dtype, device), name);
            else checkpoint.ReadInto(key, target.Value);
        }
    }

    /// <summary>Loads, and frees a model that the checkpoint does not fit. Gives it back in evaluation mode.</summary>
    internal static TModule LoadOrDispose<TModule>(TModule model, HuggingFaceCheckpoint checkpoint, CheckpointMapping mapping, Device device, ScalarType dtype) where TModule : nn.Module
    {
        try
        {
            Load(model, checkpoint, mapping, device, dtype);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Key of the checkpoint for each name of the module.</summary>
    private static Dictionary<string, string> Match(nn.Module module, HuggingFaceCheckpoint checkpoint, CheckpointMapping mapping, Dictionary<string, CheckpointTarget> targets)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        List<string> unexpected = [], wrong = [];
        foreach (string key in checkpoint.Names)
        {
            if (mapping.NameOf(key, targets) is not { } name)
            {
                if (!mapping.Ignores(key)) unexpected.Add(key);
                continue;
            }
            if (!keys.TryAdd(name, key)) wrong.Add($"{key} and {keys[name]} both stand for {name}");
            long[] here = targets[name].Value.shape;
            if (!checkpoint.ShapeOf(key).SequenceEqual(here)) wrong.Add($"{key} is [{string.Join(", ", checkpoint.ShapeOf(key))}] where the model has [{string.Join(", ", here)}]");
            else if (targets[name].TakesFloats && checkpoint.Objection(key) is { } objection) wrong.Add(objection);
        }
        List<string> missing = [.. targets.Keys.Where(name => !keys.ContainsKey(name) && !mapping.MayLack(name)).Order(StringComparer.Ordinal)];
        if (missing.Count + unexpected.Count + wrong.Count == 0) return keys;
        string[] parts = [Part("missing", missing), Part("unexpected", unexpected), Part("not fitting", wrong)];
        throw new AdaLoRAException($"'{checkpoint.Path}' does not fit {module.GetName()}: {string.Join("; ", parts.Where(part => part.Length > 0))}. Is it the checkpoint of this configuration?");
    }

    private static string Part(string title, List<string> items) => items.Count == 0 ? ""
        : $"{title}: {string.Join(", ", items.Take(MostNamed))}{(items.Count > MostNamed ? $" and {items.Count - MostNamed} more" : "")}";
}
