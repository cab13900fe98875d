using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>Addresses of tensors' elements.</summary>
internal static unsafe class TensorMemory
{
    /// <summary>The first element of a contiguous fp32 tensor on the CPU. Tensor memory does not move; the caller keeps the tensor alive.</summary>
    public static float* Floats(Tensor tensor)
    {
        fixed (byte* p = tensor.bytes) return (float*)p;
    }
}

/// <summary>Room for intermediate values, one a thread; grows to the largest layer and stays.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? s_ofThread;

    private readonly FloatBuffer _packed = new(), _hidden = new(), _input = new();

    public static Scratch OfThread => s_ofThread ??= new Scratch();

    /// <summary>For a packed factor.</summary>
    public float* Packed(long count) => _packed.Reserve(count);

    /// <summary>For a layer's input after dropout.</summary>
    public float* Input(long count) => _input.Reserve(count);

    /// <summary>For the gradient of hidden activations.</summary>
    public float* Hidden(long count) => _hidden.Reserve(count);
}

/// <summary>Unmanaged floats on a 64-byte boundary.</summary>
internal sealed unsafe class FloatBuffer
{
    private float* _start;
    private long _count;

    ~FloatBuffer() => NativeMemory.AlignedFree(_start);

    /// <summary>Room for at least so many; what was in it is lost when it grows.</summary>
    public float* Reserve(long count)
    {
        if (count > _count)
        {
            NativeMemory.AlignedFree(_start);
            _start = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
            _count = count;
        }
        return _start;
    }
}
