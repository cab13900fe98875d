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
        RegisterComponents();
    }

    /// <summary>The weight, [in, out].</summary>
    public Parameter weight
    {
        get => _weight;
        // The module's own to() sets it, by reflection.
        private set => Replace(ref _weight!, value, nameof(weight));
    }

    /// <summary>The bias, [out]; null when there is none.</summary>
    public Parameter? bias
    {
        get => _bias;
        private set => Replace(ref _bias, value, nameof(bias));
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

    private void Replace(ref Parameter? field, Parameter? value, string name)
    {
        var old = field;
        field = value;
        ConditionallyRegisterParameter(name, value);
        old?.Dispose();
    }
}
