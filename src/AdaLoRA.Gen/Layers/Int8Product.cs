using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Layers;

/// <summary>
/// y = x (q ∘ s)ᵀ with int8 rows q and their scales s, as one autograd node. Forward and backward turn a few rows at a time into floats, so that a matrix never is floats as a whole and
/// nothing of its size is kept for backward: the graph refers to the int8 weight itself. Scales go on the thin side (on y, and on dy), not on the matrix.
/// </summary>
internal sealed class Int8Product : autograd.SingleTensorFunction<Int8Product>
{
    private const string CallKey = "call";

    /// <summary>Elements of a tile: 2 MB in float32, what a core's cache holds beside its share of x.</summary>
    public const long TileElements = 1 << 19;

    // The managed wrapper of a gradient that went to the engine is nobody's afterwards. Left to the caller's scope, every layer's would live until the step ends.
    [ThreadStatic]
    private static Tensor? s_returned;

    /// <inheritdoc/>
    public override string Name => nameof(Int8Product);

    /// <summary>Multiplies with a layer's int8 weight.</summary>
    /// <param name="layer">A quantised layer, whose weight is [out, in].</param>
    /// <param name="x">[*, in], any floating-point type; 16-bit types are multiplied in float32.</param>
    /// <returns>[*, out] in the type of x; no view, so it may be written in place.</returns>
    public static Tensor Apply(QuantizableLayer layer, Tensor x)
    {
        if (!x.requires_grad || !is_grad_enabled()) return Multiply(x, layer.weight, layer.weight_scale!);
        var call = new Call(layer);
        Tensor y = apply(x, call);
        call.Output!.Dispose();
        return y;
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (x, call) = ((Tensor)vars[0], (Call)vars[1]);
        ctx.save_data(CallKey, call);
        ctx.save_for_backward([call.Layer.weight, call.Layer.weight_scale!]);
        return call.Output = Multiply(x, call.Layer.weight, call.Layer.weight_scale!);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        s_returned?.Dispose();
        using (NewDisposeScope())
        {
            Tensor dx;
            var layer = ((Call)ctx.get_data(CallKey)).Layer;
            // An exception in here would end the process: it waits in the layer for the next forward, and the gradient is NaN, with which an optimizer of ours takes no step.
            try
            {
                if (is_grad_enabled()) throw new AdaLoRAException("An int8 weight can be differentiated through once, not twice: call backward without create_graph.");
                var saved = ctx.get_saved_variables();
                dx = MultiplyTransposed(grad_output, saved[0], saved[1]);
            }
            catch (Exception error)
            {
                layer.Failed(error);
                dx = full([.. grad_output.shape[..^1], layer.weight.shape[1]], float.NaN, dtype: grad_output.dtype, device: grad_output.device);
            }
            s_returned = dx.DetachFromDisposeScope();
        }
        grad_output.Dispose();
        return [s_returned, null!];
    }

    /// <summary>The type in which an input is multiplied. int8 values times 16-bit floats would lose digits, and could overflow float16, before the scale is there.</summary>
    public static ScalarType ComputeType(ScalarType input) => input == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>x (q ∘ s)ᵀ.</summary>
    /// <param name="x">[*, in].</param>
    /// <param name="weight">q, int8 [out, in].</param>
    /// <param name="scale">s, float32 [out, 1].</param>
    /// <param name="tileElements">Size of a tile; the result depends on it by rounding at most.</param>
    /// <returns>[*, out].</returns>
    public static Tensor Multiply(Tensor x, Tensor weight, Tensor scale, long tileElements = TileElements)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long columns = weight.shape[1], outputs = weight.shape[0];
        ScalarType type = ComputeType(x.dtype);
        var y = empty([.. x.shape[..^1], outputs], dtype: type, device: x.device);
        var (rows, flat) = (x.reshape(-1, columns).to(type), y.view(-1, outputs));
        ForEachTile(weight, type, tileElements, (row, tile) =>
        {
            using var part = flat.narrow(1, row, tile.shape[0]);
            using var transposed = tile.t();
            part.addmm_(rows, transposed, beta: 0);
        });
        flat.mul_(scale.view(-1).to(type));
        return y.to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>dy (q ∘ s), the gradient of <see cref="Multiply"/> in x.</summary>
    /// <param name="dy">[*, out].</param>
    /// <param name="weight">q, int8 [out, in].</param>
    /// <param name="scale">s, float32 [out, 1].</param>
    /// <param name="tileElements">Size of a tile; the result depends on it by rounding at most.</param>
    /// <returns>[*, in].</returns>
    public static Tensor MultiplyTransposed(Tensor dy, Tensor weight, Tensor scale, long tileElements = TileElements)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        long columns = weight.shape[1], outputs = weight.shape[0];
        ScalarType type = ComputeType(dy.dtype);
        var dx = empty([.. dy.shape[..^1], columns], dtype: type, device: dy.device);
        var (rows, flat) = (dy.reshape(-1, outputs).to(type).mul(scale.view(-1).to(type)), dx.view(-1, columns));
        ForEachTile(weight, type, tileElements, (row, tile) =>
        {
            using var part = rows.narrow(1, row, tile.shape[0]);
            flat.addmm_(part, tile, beta: row == 0 ? 0 : 1);
        });
        return dx.to(dy.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Rows of the weight as floats without their scale, in one buffer that every tile overwrites.</summary>
    private static void ForEachTile(Tensor weight, ScalarType type, long tileElements, Action<long, Tensor> use)
    {
        long rows = weight.shape[0], step = Math.Clamp(tileElements / weight.shape[1], 1, rows);
        using var buffer = empty(step, weight.shape[1], dtype: type, device: weight.device);
        for (long row = 0; row < rows; row += step)
        {
            long count = Math.Min(step, rows - row);
            using var bytes = weight.narrow(0, row, count);
            using var tile = buffer.narrow(0, 0, count);
            tile.copy_(bytes);
            use(row, tile);
        }
    }

    private sealed class Call(QuantizableLayer layer)
    {
        public QuantizableLayer Layer => layer;

        /// <summary>What forward made; autograd hands out another wrapper of it.</summary>
        public Tensor? Output { get; set; }
    }
}
