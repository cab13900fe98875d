using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AdaLoRA.Gen.Autograd;

/// <summary>What the kernels need of a vector register, so that each is written once for all widths; the JIT compiles them for each.</summary>
internal unsafe interface IVector<T>
    where T : struct, IVector<T>
{
    static abstract int Width { get; }

    static abstract T Load(float* from);

    static abstract T Broadcast(float value);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    void Store(float* to);
}

/// <summary>16 floats (AVX-512).</summary>
internal readonly unsafe struct Wide(Vector512<float> value) : IVector<Wide>, IChains<Wide>
{
    private readonly Vector512<float> _value = value;

    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Wide Load(float* from) => new(Vector512.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Wide Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Wide MultiplyAdd(Wide a, Wide b, Wide c) => new(Vector512.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Quarter(Wide chains)
    {
        var half = chains._value.GetLower() + chains._value.GetUpper();
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => _value.Store(to);
}

/// <summary>8 floats (AVX2; two registers of four elsewhere).</summary>
internal readonly unsafe struct Narrow(Vector256<float> value) : IVector<Narrow>
{
    private readonly Vector256<float> _value = value;

    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Narrow Load(float* from) => new(Vector256.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Narrow Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Narrow MultiplyAdd(Narrow a, Narrow b, Narrow c) => new(Vector256.FusedMultiplyAdd(a._value, b._value, c._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => _value.Store(to);
}

/// <summary>Sixteen chains of one sum.</summary>
internal interface IChains<T>
    where T : struct, IChains<T>
{
    /// <summary>Sixteen values added to four: first those eight apart, then those four apart.</summary>
    static abstract Vector128<float> Quarter(T chains);
}

/// <summary>16 floats in two registers of 8 (AVX2).</summary>
internal readonly unsafe struct Pair(Vector256<float> low, Vector256<float> high) : IVector<Pair>, IChains<Pair>
{
    private readonly Vector256<float> _low = low, _high = high;

    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair Load(float* from) => new(Vector256.Load(from), Vector256.Load(from + 8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair Broadcast(float value) => new(Vector256.Create(value), Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pair MultiplyAdd(Pair a, Pair b, Pair c) => new(Vector256.FusedMultiplyAdd(a._low, b._low, c._low), Vector256.FusedMultiplyAdd(a._high, b._high, c._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Quarter(Pair chains)
    {
        var half = chains._low + chains._high;
        return half.GetLower() + half.GetUpper();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to)
    {
        _low.Store(to);
        _high.Store(to + 8);
    }
}
