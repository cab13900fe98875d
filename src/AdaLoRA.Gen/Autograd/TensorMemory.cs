using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>The elements of a contiguous tensor on the CPU, fp32 or bf16. Tensor memory does not move; the caller keeps the tensor alive.</summary>
internal readonly unsafe struct TensorMemory(void* start, long count, bool isNarrow)
{
    public TensorMemory(Tensor tensor) : this(Start(tensor), tensor.numel(), tensor.dtype == ScalarType.BFloat16) { }

    public long Count { get; } = count;

    /// <summary>Whether elements are bf16.</summary>
    public bool IsNarrow { get; } = isNarrow;

    /// <summary>The first element of a tensor of fp32.</summary>
    public static float* Floats(Tensor tensor) => (float*)Start(tensor);

    /// <summary>The elements as fp32: themselves, or a copy in <paramref name="room"/>.</summary>
    public float* Wide(FloatBuffer room)
    {
        if (!IsNarrow) return (float*)start;
        float* wide = room.Reserve(Count);
        BFloat16Rows.Widen((ushort*)start, wide, Count);
        return wide;
    }

    /// <summary>Where to add in fp32: to the elements themselves, or to zeros in <paramref name="room"/>, which <see cref="EndSum"/> then adds.</summary>
    public float* BeginSum(FloatBuffer room)
    {
        if (!IsNarrow) return (float*)start;
        float* sum = room.Reserve(Count);
        NativeMemory.Clear(sum, (nuint)(Count * sizeof(float)));
        return sum;
    }

    /// <summary>Adds what was summed beside the elements, rounded once.</summary>
    /// <param name="sum">What <see cref="BeginSum"/> returned.</param>
    public void EndSum(float* sum)
    {
        if (IsNarrow) BFloat16Rows.Add(sum, (ushort*)start, Count);
    }

    private static void* Start(Tensor tensor)
    {
        fixed (byte* p = tensor.bytes) return p;
    }
}

/// <summary>Room for intermediate values, one a thread; grows to the largest layer and stays.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? s_ofThread;

    private readonly FloatBuffer _hidden = new();

    public static Scratch OfThread => s_ofThread ??= new Scratch();

    /// <summary>For a layer's input in fp32.</summary>
    public FloatBuffer Input { get; } = new();

    /// <summary>For a layer's input after dropout, or its gradient before.</summary>
    public FloatBuffer Kept { get; } = new();

    /// <summary>For a layer's output or its gradient in fp32.</summary>
    public FloatBuffer Output { get; } = new();

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
            // First the new one: where there is no memory for it, the old one stays.
            var larger = (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
            NativeMemory.AlignedFree(_start);
            _start = larger;
            _count = count;
        }
        return _start;
    }
}
