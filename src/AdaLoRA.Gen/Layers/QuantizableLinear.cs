using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// A linear layer, y = x Wᵀ + b, whose weight [out, in] is floats or int8 rows (see <see cref="QuantizableLayer"/>). As floats it computes what <see cref="Linear"/> computes. As int8
/// it is frozen: gradients flow to its input, its bias and its adapters, and no matrix of floats is ever made or kept.
/// </summary>
public sealed class QuantizableLinear : QuantizableLayer
{
    private Parameter? _bias;

    /// <summary>Builds a layer with the fresh values of <see cref="Linear"/>.</summary>
    /// <param name="inFeatures">Columns of the weight.</param>
    /// <param name="outFeatures">Rows of the weight.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    /// <param name="weights">How the weight is stored. Default: as floats.</param>
    /// <param name="device">Default: torch's default device. On the meta device nothing is drawn.</param>
    /// <param name="dtype">Type of the floats. Default: torch's default type.</param>
    public QuantizableLinear(long inFeatures, long outFeatures, bool hasBias = true, BaseWeights weights = BaseWeights.Floats, Device? device = null, ScalarType? dtype = null)
        : base(nameof(QuantizableLinear), outFeatures, inFeatures, weights, device, dtype)
    {
        using var scope = NewDisposeScope();
        if (hasBias) SetBias(new Parameter(zeros(outFeatures, dtype: dtype, device: device)));
        if (weight.device_type == DeviceType.META) return;
        using var noGrad = no_grad();
        double bound = 1 / Math.Sqrt(inFeatures);
        if (IsQuantized) Quantize(nn.init.uniform_(empty(outFeatures, inFeatures, dtype: FloatType, device: weight.device), -bound, bound));
        else nn.init.uniform_(weight, -bound, bound);
        if (_bias is not null) nn.init.uniform_(_bias, -bound, bound);
    }

    /// <summary>An int8 layer with the rows of another layer's weight and a copy of its bias.</summary>
    /// <param name="linear">Left as it is.</param>
    /// <returns>A layer on the same device.</returns>
    /// <exception cref="AdaLoRAException">A weight is NaN or infinite.</exception>
    public static QuantizableLinear From(Linear linear)
    {
        ArgumentNullException.ThrowIfNull(linear);
        using var scope = NewDisposeScope();
        var layer = new QuantizableLinear(linear.weight.shape[1], linear.weight.shape[0], linear.bias is not null, BaseWeights.Int8Rows, META, linear.weight.dtype);
        layer.Quantize(linear.weight);
        if (linear.bias is not null) layer.bias = new Parameter(linear.bias.detach().clone(), linear.bias.requires_grad);
        return layer;
    }

    /// <summary>The bias, [out]; null when there is none. Setting another parameter disposes the one before.</summary>
    public Parameter? bias
    {
        get => _bias;
        set
        {
            if (value?.Handle == _bias?.Handle) return;
            _bias?.Dispose();
            SetBias(value);
        }
    }

    /// <summary>Computes x Wᵀ + b.</summary>
    /// <param name="input">[*, in], of the floats' type; an int8 weight takes any floating-point type and gives it back.</param>
    /// <returns>[*, out].</returns>
    /// <exception cref="AdaLoRAException">The input has another width, or the backward pass before failed.</exception>
    public override Tensor forward(Tensor input)
    {
        if (!IsQuantized) return nn.functional.linear(input, weight, _bias);
        ThrowFailure();
        if (input.dim() == 0 || input.shape[^1] != weight.shape[1] || !input.is_floating_point()) throw new AdaLoRAException($"A QuantizableLinear of {weight.shape[1]} inputs was given {input.dtype} [{string.Join(", ", input.shape)}].");
        Tensor y = Int8Product.Apply(this, input);
        return _bias is null ? y : y.add_(_bias, Scalars.One);
    }

    private protected override QuantizableLayer MoveTo(Device? device, ScalarType? dtype)
    {
        if (_bias is not null && ReplaceParameter(dtype ?? _bias.dtype, device ?? _bias.device, _bias, out Parameter? moved)) bias = moved;
        return base.MoveTo(device, dtype);
    }

    private void SetBias(Parameter? value)
    {
        value?.DetachFromDisposeScope();
        _bias = value;
        ConditionallyRegisterParameter(nameof(bias), value);
    }
}
