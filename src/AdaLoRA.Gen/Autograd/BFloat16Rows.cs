using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AdaLoRA.Gen.Autograd;

/// <summary>bf16 to fp32 and back: an adapter on a bf16 base is computed in fp32 and rounded once, to the nearest, ties to even.</summary>
internal static unsafe class BFloat16Rows
{
    private const int Lanes = 8;

    /// <summary>to[i] ← from[i], exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(ushort* from, float* to, long length)
    {
        long i = 0;
        for (; i <= length - 2 * Lanes; i += 2 * Lanes)
        {
            var (low, high) = Vector256.Widen(Vector256.Load(from + i));
            (low << 16).AsSingle().Store(to + i);
            (high << 16).AsSingle().Store(to + i + Lanes);
        }
        for (; i < length; i++) to[i] = BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
    }

    /// <summary>to[i] ← to[i] + from[i], rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* from, ushort* to, long length)
    {
        long i = 0;
        for (; i <= length - 2 * Lanes; i += 2 * Lanes)
        {
            var (low, high) = Vector256.Widen(Vector256.Load(to + i));
            var first = Round((low << 16).AsSingle() + Vector256.Load(from + i));
            var second = Round((high << 16).AsSingle() + Vector256.Load(from + i + Lanes));
            Vector256.Narrow(first, second).Store(to + i);
        }
        for (; i < length; i++) to[i] = (ushort)Round(Vector256.CreateScalar(BitConverter.UInt32BitsToSingle((uint)to[i] << 16) + from[i])).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Round(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7fffu) + ((bits >>> 16) & Vector256<uint>.One)) >>> 16;
        // Rounding up could carry a NaN's payload into infinity.
        return Vector256.ConditionalSelect(Vector256.Equals(value, value).AsUInt32(), rounded, Vector256.Create(0x7fc0u));
    }
}
