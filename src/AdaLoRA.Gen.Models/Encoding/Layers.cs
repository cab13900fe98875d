using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>What several model families build and compute alike.</summary>
internal static class Layers
{
    /// <summary>
    /// An embedding. TorchSharp's constructors, also the one from a tensor, fill a whole table on the CPU with random numbers first (0.3 s for MiniLM's); for the meta device
    /// the smallest table that knows the padding is built and its weight replaced.
    /// </summary>
    internal static Embedding Embedding(long count, long width, long? padding, Device? device, ScalarType? dtype)
    {
        if (device?.type != DeviceType.META) return nn.Embedding(count, width, padding_idx: padding, device: device, dtype: dtype);
        Embedding embedding = nn.Embedding((padding ?? 0) + 1, width, padding_idx: padding, device: torch.CPU, dtype: dtype);
        var weight = new Parameter(torch.empty(count, width, dtype: dtype, device: device));
        weight.DetachFromDisposeScope();
        embedding.weight = weight;
        return embedding;
    }

    /// <summary>norm(dropout(dense(x)) + residual). The sum goes into the dense layer's own output: nothing saves that for backward, and it spares a copy.</summary>
    internal static Tensor AddAndNorm(Linear dense, Dropout dropout, LayerNorm norm, Tensor x, Tensor residual)
    {
        using Tensor projected = dense.call(x);
        using Tensor dropped = dropout.call(projected);
        dropped.add_(residual, Scalars.One);
        return norm.call(dropped);
    }

    /// <summary>dropout(dense(x)) + residual, in the dense layer's own output as in <see cref="AddAndNorm"/>.</summary>
    internal static Tensor AddResidual(nn.Module<Tensor, Tensor> dense, Dropout? dropout, Tensor x, Tensor residual)
    {
        Tensor projected = dense.call(x);
        if (dropout is not null)
        {
            using Tensor kept = projected;
            projected = dropout.call(kept);
        }
        projected.add_(residual, Scalars.One);
        return projected;
    }

    /// <summary>Fills fresh weights as Hugging Face does: linear weights and embeddings normal, biases zero. Norms are already one and zero.</summary>
    internal static void Initialize(nn.Module root, double standardDeviation)
    {
        using var noGrad = torch.no_grad();
        foreach ((string _, nn.Module module) in root.named_modules().Prepend((name: "", module: root)).OrderBy(named => named.name, StringComparer.Ordinal))
        {
            using var scope = torch.NewDisposeScope();
            if (module is QuantizableLayer layer)
            {
                if (layer.IsQuantized) layer.Quantize(nn.init.normal_(torch.empty(layer.weight.shape, dtype: layer.FloatType, device: layer.weight.device), 0, standardDeviation));
                else nn.init.normal_(layer.weight, 0, standardDeviation);
                if (layer is QuantizableLinear { bias: { } bias }) nn.init.zeros_(bias);
            }
            else if (module is Linear linear)
            {
                nn.init.normal_(linear.weight, 0, standardDeviation);
                if (linear.bias is not null) nn.init.zeros_(linear.bias);
            }
            else if (module is TransposedLinear transposed)
            {
                nn.init.normal_(transposed.weight, 0, standardDeviation);
                if (transposed.bias is not null) nn.init.zeros_(transposed.bias);
            }
            else if (module is Embedding embedding)
            {
                nn.init.normal_(embedding.weight!, 0, standardDeviation);
            }
        }
    }
}
