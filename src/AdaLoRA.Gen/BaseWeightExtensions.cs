using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>Changes how all quantizable layers of a model store their weights.</summary>
public static class BaseWeightExtensions
{
    /// <summary>
    /// Turns the weights of every <see cref="QuantizableLayer"/> into int8, one after the other: beside the model, 16 MB of floats at a time. Adapters may be on it already.
    /// </summary>
    /// <param name="model">The model. Layers of other classes stay as they are.</param>
    /// <returns>How many layers were changed.</returns>
    /// <exception cref="AdaLoRAException">A weight is NaN or infinite; the message names the layer, and those before it are int8.</exception>
    public static int QuantizeBase(this nn.Module model) => ForEach(model, quantized: false, layer => layer.Quantize());

    /// <summary>Turns the weights of every int8 layer into floats, as a merge needs them. What int8 rounded away does not come back.</summary>
    /// <param name="model">The model.</param>
    /// <returns>How many layers were changed.</returns>
    public static int DequantizeBase(this nn.Module model) => ForEach(model, quantized: true, layer => layer.Dequantize());

    private static int ForEach(nn.Module model, bool quantized, Action<QuantizableLayer> change)
    {
        ArgumentNullException.ThrowIfNull(model);
        int changed = 0;
        foreach (var (path, module) in model.named_modules().Prepend(("", model)).ToList())
        {
            if (module is not QuantizableLayer layer || layer.IsQuantized != quantized) continue;
            try
            {
                change(layer);
            }
            catch (AdaLoRAException refused)
            {
                throw new AdaLoRAException($"'{path}': {refused.Message}", refused);
            }
            changed++;
        }
        return changed;
    }
}
