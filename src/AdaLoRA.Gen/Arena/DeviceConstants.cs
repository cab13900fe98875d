using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Numbers that every step needs, as tensors made once. On a device an operation with a Scalar costs nothing more, but TorchSharp does not keep a Scalar alive while native code reads it, and on the CPU each is
/// wrapped into a tensor and converted.
/// </summary>
internal sealed class DeviceConstants(Device device) : IDisposable
{
    private readonly List<(ScalarType DType, double[] Values, Tensor Tensor)> _made = [];

    /// <summary>The values as a vector, one value as a scalar; the same tensor at every call, so it must not be written.</summary>
    public Tensor Of(ScalarType dtype, params ReadOnlySpan<double> values)
    {
        foreach (var known in _made)
        {
            if (known.DType == dtype && values.SequenceEqual(known.Values)) return known.Tensor;
        }
        using var scope = NewDisposeScope();
        double[] copy = values.ToArray();
        var vector = tensor(copy, dtype: dtype, device: device);
        var made = (copy.Length == 1 ? vector.squeeze() : vector).DetachFromDisposeScope();
        _made.Add((dtype, copy, made));
        return made;
    }

    public void Dispose()
    {
        foreach (var made in _made) made.Tensor.Dispose();
        _made.Clear();
    }
}
