using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Root mean square norm (Zhang and Sennrich 2019): y = w ⊙ x ÷ √(mean(x²) + ε). The mean is taken in float32 for half-precision inputs, as Hugging Face does.</summary>
public sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly Scalar _eps;

    [ComponentName(Name = "weight")]
    private Parameter _weight;

    /// <summary>Builds a norm of weight one.</summary>
    /// <param name="size">Width of the hidden states, H.</param>
    /// <param name="eps">Added to the mean square.</param>
    /// <param name="device">Default: torch's default device.</param>
    /// <param name="dtype">Default: torch's default type.</param>
    public RmsNorm(long size, double eps, Device? device = null, ScalarType? dtype = null) : base(nameof(RmsNorm))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        _eps = eps;
        _weight = new Parameter(ones(size, dtype: dtype, device: device));
        // A layer outlives the dispose scope that it is built in.
        _weight.DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>The weight, [H]. Setting another parameter disposes the one before.</summary>
    public Parameter weight
    {
        get => _weight;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Handle == _weight.Handle) return;
            _weight.Dispose();
            value.DetachFromDisposeScope();
            _weight = value;
            ConditionallyRegisterParameter(nameof(weight), value);
        }
    }

    /// <summary>Normalises each row.</summary>
    /// <param name="input">[*, H].</param>
    /// <returns>[*, H].</returns>
    public override Tensor forward(Tensor input)
    {
        using var scope = torch.NewDisposeScope();
        Tensor x = input.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? input.to(ScalarType.Float32) : input;
        Tensor normed = x * x.mul(x).mean([-1], keepdim: true).add_(_eps, Scalars.One).rsqrt_();
        return (_weight * normed.to(input.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>The parameter itself is asked, so a norm that was built on one device moves to any other.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => MoveTo(device, dtype);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => MoveTo(new Device(deviceType, deviceIndex), null);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => MoveTo(null, dtype);

    private RmsNorm MoveTo(Device? device, ScalarType? dtype)
    {
        if (ReplaceParameter(dtype ?? _weight.dtype, device ?? _weight.device, _weight, out Parameter? moved)) weight = moved!;
        return this;
    }
}
