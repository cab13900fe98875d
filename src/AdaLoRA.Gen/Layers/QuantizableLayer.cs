using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen;

/// <summary>
/// A layer with one matrix that is stored as floats or as int8 rows (<see cref="BaseWeights"/>), and can change from one to the other at any time, with adapters on it. Its state is
/// <c>weight</c> and, as int8, <c>weight_scale</c> (float32 [rows, 1], a buffer), the names and shapes of compressed-tensors.
/// </summary>
public abstract class QuantizableLayer : nn.Module<Tensor, Tensor>
{
    private const string WeightName = "weight", ScaleName = "weight_scale";

    private Parameter _weight;
    private Tensor? _scale;
    private ScalarType _floatType;
    private AdaLoRAException? _failure;

    private protected QuantizableLayer(string name, long rows, long columns, BaseWeights weights, Device? device, ScalarType? dtype) : base(name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        bool bytes = weights == BaseWeights.Int8Rows;
        _floatType = dtype ?? get_default_dtype();
        Place(empty(rows, columns, dtype: bytes ? ScalarType.Int8 : _floatType, device: device), bytes ? empty(rows, 1, dtype: ScalarType.Float32, device: device) : null, trained: !bytes);
    }

    /// <summary>
    /// The weight, [rows, columns]: floats, or int8 without gradient when <see cref="IsQuantized"/>. Setting floats makes the layer one of floats and disposes the parameter before; int8
    /// comes with its scales, see <see cref="SetInt8"/>.
    /// </summary>
    /// <exception cref="AdaLoRAException">The value is not floating-point, or has another shape.</exception>
    public Parameter weight
    {
        get => _weight;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Handle == _weight.Handle) return;
            RequireShape(value.shape, value.is_floating_point(), "a weight of floats");
            _floatType = value.dtype;
            Replace(value, null);
        }
    }

    /// <summary>The scales of an int8 weight, float32 [rows, 1]; null for floats.</summary>
    public Tensor? weight_scale => _scale;

    /// <summary>Whether the weight is int8.</summary>
    public bool IsQuantized => _scale is not null;

    /// <summary>Type of the weight's floats: as it is, or as <see cref="Dequantize"/> would make it.</summary>
    public ScalarType FloatType => _floatType;

    /// <summary>Turns the weight into int8 rows. Each weight moves by at most half its row's scale, max |row| ÷ 127. Nothing happens when it is int8 already.</summary>
    /// <exception cref="AdaLoRAException">A weight is NaN or infinite.</exception>
    public void Quantize()
    {
        if (!IsQuantized) Quantize(_weight);
    }

    /// <summary>Takes the int8 rows of other floats.</summary>
    /// <param name="floats">[rows, columns], on the device where the weight is to lie; not changed.</param>
    /// <exception cref="AdaLoRAException">The shape is another, or a value is NaN or infinite.</exception>
    public void Quantize(Tensor floats)
    {
        ArgumentNullException.ThrowIfNull(floats);
        RequireShape(floats.shape, floats.is_floating_point(), "a weight of floats");
        if (floats.device_type == DeviceType.META) SetInt8(empty_like(floats, dtype: ScalarType.Int8), empty(floats.shape[0], 1, dtype: ScalarType.Float32, device: floats.device));
        else
        {
            var (bytes, scale) = Int8Rows.Quantize(floats);
            Replace(new Parameter(bytes, requires_grad: false), scale);
        }
    }

    /// <summary>Takes int8 rows and their scales, as a checkpoint holds them.</summary>
    /// <param name="bytes">int8 [rows, columns]; the layer owns it from now on, the caller's tensor is empty.</param>
    /// <param name="scale">One float a row, [rows, 1]; copied.</param>
    /// <exception cref="AdaLoRAException">A type or a shape is another.</exception>
    public void SetInt8(Tensor bytes, Tensor scale)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(scale);
        RequireShape(bytes.shape, bytes.dtype == ScalarType.Int8, "an int8 weight");
        if (!scale.is_floating_point() || !scale.shape.SequenceEqual([bytes.shape[0], 1])) throw new AdaLoRAException($"A {GetType().Name} of {bytes.shape[0]} rows takes as many float scales, [{bytes.shape[0]}, 1], not {scale.dtype} [{string.Join(", ", scale.shape)}].");
        using var noGrad = no_grad();
        Tensor own = scale.to(ScalarType.Float32, bytes.device, copy: true);
        Replace(new Parameter(bytes, requires_grad: false), own);
    }

    /// <summary>Turns the weight into floats of <see cref="FloatType"/>, frozen as it was: what int8 rounded away does not come back. Nothing happens when it is floats already.</summary>
    public void Dequantize()
    {
        if (_scale is not null) Replace(new Parameter(DequantizedWeight(), requires_grad: false), null);
    }

    /// <summary>The floats that the layer computes with.</summary>
    /// <returns>A new tensor [rows, columns] of <see cref="FloatType"/>, without gradient.</returns>
    public Tensor DequantizedWeight()
    {
        using var noGrad = no_grad();
        return _scale is null ? _weight.detach().clone() : Int8Rows.Dequantize(_weight, _scale, _floatType);
    }

    /// <summary>Throws what a backward pass could not.</summary>
    private protected void ThrowFailure()
    {
        if (_failure is not { } failure) return;
        _failure = null;
        throw failure;
    }

    /// <summary>Remembers what went wrong where nothing can be thrown.</summary>
    internal void Failed(Exception error) => _failure = new AdaLoRAException($"The last backward pass through a {GetType().Name} failed, and its gradient was NaN: {error.Message}", error);

    /// <summary>Registered by hand, as a weight that changes its kind has to be.</summary>
    protected override void RegisterComponents() { }

    /// <summary>The tensors themselves are asked, so a layer that was built on one device moves to any other; int8 and its scales keep their types.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => MoveTo(device, dtype);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => MoveTo(new Device(deviceType, deviceIndex), null);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => MoveTo(null, dtype);

    private protected virtual QuantizableLayer MoveTo(Device? device, ScalarType? dtype)
    {
        if (dtype is { } type) _floatType = type;
        var (place, scale) = (device ?? _weight.device, _scale);
        if (scale is not null && !scale.device.IsSame(place)) scale = scale.to(place);
        ScalarType stored = IsQuantized ? ScalarType.Int8 : _floatType;
        if (ReplaceParameter(stored, place, _weight, out Parameter? moved)) Replace(moved!, scale);
        return this;
    }

    private void Replace(Parameter weight, Tensor? scale)
    {
        var (oldWeight, oldScale) = (_weight, _scale);
        Register(weight, scale);
        oldWeight.Dispose();
        if (!ReferenceEquals(oldScale, scale)) oldScale?.Dispose();
    }

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_weight))]
    private void Place(Tensor weight, Tensor? scale, bool trained) => Register(new Parameter(weight, trained), scale);

    [System.Diagnostics.CodeAnalysis.MemberNotNull(nameof(_weight))]
    private void Register(Parameter weight, Tensor? scale)
    {
        // A layer outlives the dispose scope that it is built in.
        weight.DetachFromDisposeScope();
        scale?.DetachFromDisposeScope();
        (_weight, _scale) = (weight, scale);
        ConditionallyRegisterParameter(WeightName, weight);
        ConditionallyRegisterBuffer(ScaleName, scale);
    }

    private void RequireShape(long[] shape, bool kind, string wanted)
    {
        if (!kind || !shape.SequenceEqual(_weight.shape)) throw new AdaLoRAException($"A {GetType().Name} of [{string.Join(", ", _weight.shape)}] takes {wanted} of that shape, not one of [{string.Join(", ", shape)}] or of another type.");
    }
}
