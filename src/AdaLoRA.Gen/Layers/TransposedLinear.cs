using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// A linear layer whose weight is stored [in, out]: y = x W + b. GPT-2's checkpoints hold their matrices this way (transformers calls the layer Conv1D, PEFT
/// <c>fan_in_fan_out</c>). It takes adapters like <see cref="Linear"/>.
/// </summary>
public sealed class TransposedLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")]
    private Parameter _weight;

    [ComponentName(Name = "bias")]
    private Parameter? _bias;

    /// <summary>Builds a layer: weight ~ N(0, 0.02²) as in GPT-2, bias zero.</summary>
    /// <param name="inFeatures">Rows of the weight.</param>
    /// <param name="outFeatures">Columns of the weight.</param>
    /// <param name="hasBias">Whether a bias is added.</param>
    /// <param name="device">Default: torch's default device. On the meta device nothing is drawn.</param>
    /// <param name="dtype">Default: torch's default type.</param>
    public TransposedLinear(long inFeatures, long outFeatures, bool hasBias = true, Device? device = null, ScalarType? dtype = null) : base(nameof(TransposedLinear))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inFeatures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(outFeatures, 1);
        _weight = new Parameter(empty(inFeatures, outFeatures, dtype: dtype, device: device));
        if (_weight.device_type != DeviceType.META) nn.init.normal_(_weight, 0, 0.02);
        if (hasBias) _bias = new Parameter(zeros(outFeatures, dtype: dtype, device: device));
        // A layer outlives the dispose scope that it is built in.
        _weight.DetachFromDisposeScope();
        _bias?.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>The weight, [in, out]. Setting another parameter disposes the one before, as <see cref="Linear"/> does.</summary>
    public Parameter weight
    {
        get => _weight;
        set => _weight = Take(nameof(weight), _weight, value ?? throw new ArgumentNullException(nameof(value)))!;
    }

    /// <summary>The bias, [out]; null when there is none. Setting another parameter disposes the one before.</summary>
    public Parameter? bias
    {
        get => _bias;
        set => _bias = Take(nameof(bias), _bias, value);
    }

    /// <summary>Computes x W + b.</summary>
    /// <param name="input">[*, in].</param>
    /// <returns>[*, out].</returns>
    public override Tensor forward(Tensor input)
    {
        if (input.dim() == 2) return _bias is null ? input.mm(_weight) : addmm(_bias, input, _weight, 1, 1);
        using var rows = input.reshape(-1, _weight.shape[0]);
        using var product = _bias is null ? rows.mm(_weight) : addmm(_bias, rows, _weight, 1, 1);
        long[] shape = input.shape;
        shape[^1] = _weight.shape[1];
        return product.view(shape);
    }

    /// <summary>As in <see cref="Linear"/>: the parameters themselves are asked, so a layer that was built on one device moves to any other.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => MoveTo(device, dtype);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => MoveTo(new Device(deviceType, deviceIndex), null);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => MoveTo(null, dtype);

    private TransposedLinear MoveTo(Device? device, ScalarType? dtype)
    {
        if (ReplaceParameter(dtype ?? _weight.dtype, device ?? _weight.device, _weight, out Parameter? movedWeight)) weight = movedWeight!;
        if (_bias is not null && ReplaceParameter(dtype ?? _bias.dtype, device ?? _bias.device, _bias, out Parameter? movedBias)) bias = movedBias;
        return this;
    }

    private Parameter? Take(string name, Parameter? old, Parameter? value)
    {
        if (value?.Handle == old?.Handle) return old;
        old?.Dispose();
        value?.DetachFromDisposeScope();
        ConditionallyRegisterParameter(name, value);
        return value;
    }
}
