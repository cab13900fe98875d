using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>One parameter or buffer of a module that a checkpoint can fill.</summary>
/// <param name="Owner">Module that holds it.</param>
/// <param name="Member">Its name there.</param>
/// <param name="Value">The tensor as it is now; on the meta device it has no memory yet.</param>
internal sealed record CheckpointTarget(nn.Module Owner, string Member, Tensor Value)
{
    /// <summary>Whether the target is the weight of an int8 layer, which comes with its scales.</summary>
    internal bool IsInt8 => Owner is QuantizableLayer { IsQuantized: true } && Member == "weight";

    /// <summary>Whether a checkpoint's tensor has to be one of floats, or stand for some.</summary>
    internal bool TakesFloats => IsInt8 || Value.is_floating_point();

    /// <summary>All parameters and persistent buffers below a module, by their registered path. The scales of an int8 weight are a part of it and no target of their own.</summary>
    internal static Dictionary<string, CheckpointTarget> Of(nn.Module root)
    {
        var targets = new Dictionary<string, CheckpointTarget>(StringComparer.Ordinal);
        foreach ((string path, nn.Module owner) in root.named_modules().Prepend(("", root)))
        {
            foreach ((string member, Tensor value) in owner.named_parameters(recurse: false).Select(p => (p.name, (Tensor)p.parameter)).Concat(owner is QuantizableLayer ? [] : owner.named_buffers(recurse: false)))
            {
                targets.TryAdd(path.Length == 0 ? member : $"{path}.{member}", new CheckpointTarget(owner, member, value));
            }
        }
        return targets;
    }

    /// <summary>Fills the weight of an int8 layer: with the checkpoint's own bytes where it has some, else with those of its floats.</summary>
    internal void AssignInt8(HuggingFaceCheckpoint checkpoint, string key, Device device)
    {
        var layer = (QuantizableLayer)Owner;
        using var scope = torch.NewDisposeScope();
        if (checkpoint.ReadInt8(key, device) is { } stored) layer.SetInt8(stored.Bytes, stored.Scale);
        else
        {
            using Tensor floats = checkpoint.Read(key, device: device);
            layer.Quantize(floats);
        }
    }

    /// <summary>Puts a loaded tensor, which it owns then, in the place of one on the meta device: torch cannot fill what has no memory.</summary>
    internal void Assign(Tensor loaded, string path)
    {
        var parameter = new Parameter(loaded, Value.requires_grad);
        parameter.DetachFromDisposeScope();
        switch (Owner, Member)
        {
            case (Linear linear, "weight"): linear.weight = parameter; break;
            case (Linear linear, "bias"): linear.bias = parameter; break;
            case (Embedding embedding, "weight"): embedding.weight = parameter; break;
            case (LayerNorm norm, "weight"): norm.weight = parameter; break;
            case (LayerNorm norm, "bias"): norm.bias = parameter; break;
            case (QuantizableLayer layer, "weight"): layer.weight = parameter; break;
            case (QuantizableLinear linear, "bias"): linear.bias = parameter; break;
            case (TransposedLinear linear, "weight"): linear.weight = parameter; break;
            case (TransposedLinear linear, "bias"): linear.bias = parameter; break;
            case (RmsNorm norm, "weight"): norm.weight = parameter; break;
            default: throw new AdaLoRAException($"'{path}' of a {Owner.GetType().Name} was built on the meta device, from where only Linear, TransposedLinear, QuantizableLinear, QuantizableEmbedding, Embedding, LayerNorm and RmsNorm can be filled: build it on the CPU.");
        }
    }
}
