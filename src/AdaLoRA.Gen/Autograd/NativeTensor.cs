using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// A tensor by its native handle. A managed <see cref="Tensor"/> costs an object with a finalizer and an entry in a dispose scope; a step makes seven per adapter, which was 60 KB of garbage.
/// Whoever is given one that is new disposes it.
/// </summary>
internal readonly unsafe struct NativeTensor(nint handle)
{
    public nint Handle { get; } = handle;

    public bool Exists => Handle != 0;

    public float* Floats => (float*)AutogradNative.Data(Handle);

    /// <summary>Its elements, where it is contiguous.</summary>
    public TensorMemory Memory(long count, ScalarType type) => new((void*)AutogradNative.Data(Handle), count, type == ScalarType.BFloat16);

    public long Dimensions => AutogradNative.Dimensions(Handle);

    public bool IsContiguous => AutogradNative.IsContiguous(Handle) != 0;

    /// <summary>A new tensor without a graph on the same memory.</summary>
    public static NativeTensor Detached(Tensor tensor) => Checked(AutogradNative.Detach(tensor.Handle));

    /// <summary>Takes over what a managed tensor holds; that is empty afterwards.</summary>
    public static NativeTensor Take(Tensor tensor) => new(tensor.DetachFromDisposeScope().DecoupleFromNativeHandle());

    /// <summary>A managed tensor of the same elements, for operations that are not on the hot path.</summary>
    public Tensor Share() => Tensor.UnsafeCreateTensor(Contiguous().Handle);

    /// <summary>A new matrix of zeros.</summary>
    public static NativeTensor Zeros(long rows, long columns, ScalarType type) => Take(zeros(rows, columns, dtype: type));

    /// <summary>A new tensor: a copy, or the same memory where that is contiguous.</summary>
    public NativeTensor Contiguous() => Checked(AutogradNative.Contiguous(Handle));

    /// <summary>A new tensor of another shape on the same memory.</summary>
    public NativeTensor View(ReadOnlySpan<long> shape)
    {
        fixed (long* sizes = shape) return Checked(AutogradNative.View(Handle, sizes, shape.Length));
    }

    /// <summary>A new tensor: the product of two matrices.</summary>
    public NativeTensor Multiply(Tensor right)
    {
        var product = Checked(AutogradNative.Multiply(Handle, right.Handle));
        GC.KeepAlive(right);
        return product;
    }

    public void Dispose()
    {
        if (Exists) AutogradNative.DisposeTensor(Handle);
    }

    private static NativeTensor Checked(nint handle)
    {
        if (handle == 0) throw new AdaLoRAException(AutogradNative.LastError());
        return new NativeTensor(handle);
    }
}
