using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Layers;

/// <summary>
/// Row-wise symmetric int8: W[o, i] ≈ q[o, i] · s[o] with q in −127 … 127 and s[o] = max |W[o, ·]| ÷ 127. The error of a weight is at most s[o] ÷ 2.
/// </summary>
internal static class Int8Rows
{
    /// <summary>Elements that are floats at a time: what a matrix of any size costs beside itself, 16 MB in float32.</summary>
    private const long ChunkElements = 1 << 22;

    // Temporaries of a call could be collected during it.
    private static readonly Scalar Largest = 127.0, Smallest = -127.0;

    /// <summary>Quantises a matrix, chunk by chunk.</summary>
    /// <param name="weight">Floats, [rows, columns].</param>
    /// <returns>int8 [rows, columns] and float32 [rows, 1], out of every dispose scope. A row of zeros has scale 1.</returns>
    /// <exception cref="AdaLoRAException">A value is NaN or infinite.</exception>
    public static (Tensor Weight, Tensor Scale) Quantize(Tensor weight)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long rows = weight.shape[0], columns = weight.shape[1], step = Math.Max(1, ChunkElements / columns);
        var bytes = empty(rows, columns, dtype: ScalarType.Int8, device: weight.device);
        var scales = empty(rows, 1, dtype: ScalarType.Float32, device: weight.device);
        for (long row = 0; row < rows; row += step)
        {
            using var chunk = NewDisposeScope();
            long count = Math.Min(step, rows - row);
            var floats = weight.narrow(0, row, count).to(Int8Product.ComputeType(weight.dtype));
            var scale = floats.abs().amax([1], keepdim: true).div_(Largest);
            scale.masked_fill_(scale.eq(Scalars.Zero), Scalars.One);
            var target = scales.narrow(0, row, count).copy_(scale);
            bytes.narrow(0, row, count).copy_(floats.div(target).round_().clamp_(Smallest, Largest));
        }
        if (!scales.isfinite().all().item<bool>()) throw new AdaLoRAException("A weight that is NaN, infinite or beyond float32 cannot be stored as int8: look for a damaged checkpoint or a diverged training.");
        return (bytes.DetachFromDisposeScope(), scales.DetachFromDisposeScope());
    }

    /// <summary>The floats that int8 rows stand for.</summary>
    /// <returns>A new tensor in the type, in the caller's dispose scope.</returns>
    public static Tensor Dequantize(Tensor weight, Tensor scale, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var floats = weight.to(Int8Product.ComputeType(dtype));
        return floats.mul_(scale.to(floats.dtype)).to(dtype).MoveToOuterDisposeScope();
    }
}
