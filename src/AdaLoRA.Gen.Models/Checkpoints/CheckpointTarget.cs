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
    /// <summary>All parameters and persistent buffers below a module, by their registered path.</summary>
    internal static Dictionary<string, CheckpointTarget> Of(nn.Module root)
    {
        var targets = new Dictionary<string, CheckpointTarget>(StringComparer.Ordinal);
        foreach ((string path, nn.Module owner) in root.named_modules().Prepend(("", root)))
        {
            foreach ((string member, Tensor value) in owner.named_parameters(recurse: false).Select(p => (p.name, (Tensor)p.parameter)).Concat(owner.named_buffers(recurse: false)))
            {
                targets.TryAdd(path.Length == 0 ? member : $"{path}.{member}", new CheckpointTarget(owner, member, value));
            }
        }
        return targets;
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
            case (TransposedLinear linear, "weight"): linear.weight = parameter; break;
            case (TransposedLinear linear, "bias"): linear.bias = parameter; break;
            case (RmsNorm norm, "weight"): norm.weight = parameter; break;
            default: throw new AdaLoRAException($"'{path}' of a {Owner.GetType().Name} was built on the meta device, from where only Linear, TransposedLinear, Embedding, LayerNorm and RmsNorm can be filled: build it on the CPU.");
        }
    }
}
