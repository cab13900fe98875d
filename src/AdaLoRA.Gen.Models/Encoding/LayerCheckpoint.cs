using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Layers as checkpoints: see <see cref="ActivationCheckpoint"/>.</summary>
internal static class LayerCheckpoint
{
    /// <summary>Runs a layer that keeps its input alone.</summary>
    /// <param name="layer">The layer, for its mode.</param>
    /// <param name="call">Calls it.</param>
    /// <param name="hidden">[N, H].</param>
    /// <param name="layout">Places of the rows.</param>
    internal static Tensor Run(nn.Module layer, Func<Tensor, TokenLayout, Tensor> call, Tensor hidden, TokenLayout layout) =>
        ActivationCheckpoint.Run(layer, given => call(given[0], layout.Over(given.Skip(1))), [hidden, .. layout.LayerTensors]);

    /// <summary>As the other, with the angles of rotary positions.</summary>
    internal static Tensor Run(nn.Module layer, Func<Tensor, TokenLayout, RotaryAngles, Tensor> call, Tensor hidden, TokenLayout layout, RotaryAngles angles) =>
        ActivationCheckpoint.Run(layer, given => call(given[0], layout.Over(given.Skip(3)), new RotaryAngles(given[1], given[2])), [hidden, angles.Cosines, angles.Sines, .. layout.LayerTensors]);
}
