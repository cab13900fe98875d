#if !NET9_0_OR_GREATER
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace AdaLoRA.Gen;

/// <summary>What .NET 8 lacks, under the names that .NET 9 gave it.</summary>
internal static class Net8
{
    extension(Vector)
    {
        /// <summary>left · right + addend, rounded once in every lane: in the processor where it can, else lane by lane, as .NET 9 does.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector<float> FusedMultiplyAdd(Vector<float> left, Vector<float> right, Vector<float> addend)
        {
            if (Vector<float>.Count == Vector256<float>.Count && Fma.IsSupported)
            {
                return Fma.MultiplyAdd(left.AsVector256(), right.AsVector256(), addend.AsVector256()).AsVector();
            }
            if (Vector<float>.Count == Vector128<float>.Count && AdvSimd.IsSupported)
            {
                return AdvSimd.FusedMultiplyAdd(addend.AsVector128(), left.AsVector128(), right.AsVector128()).AsVector();
            }
            return LaneByLane(left, right, addend);
        }
    }

    extension(Vector512)
    {
        /// <inheritdoc cref="FusedMultiplyAdd(Vector{float}, Vector{float}, Vector{float})"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> FusedMultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) => Avx512F.IsSupported
            ? Avx512F.FusedMultiplyAdd(left, right, addend)
            : Vector512.Create(FusedMultiplyAdd(left.GetLower(), right.GetLower(), addend.GetLower()), FusedMultiplyAdd(left.GetUpper(), right.GetUpper(), addend.GetUpper()));
    }

    extension(Vector256)
    {
        /// <inheritdoc cref="FusedMultiplyAdd(Vector{float}, Vector{float}, Vector{float})"/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<float> FusedMultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) => Fma.IsSupported
            ? Fma.MultiplyAdd(left, right, addend)
            : LaneByLane(left, right, addend);
    }

    extension(Convert)
    {
        public static string ToHexStringLower(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
    }

    private static Vector256<float> LaneByLane(Vector256<float> left, Vector256<float> right, Vector256<float> addend)
    {
        Span<float> lanes = stackalloc float[Vector256<float>.Count];
        for (int i = 0; i < lanes.Length; i++) lanes[i] = MathF.FusedMultiplyAdd(left[i], right[i], addend[i]);
        return Vector256.Create<float>(lanes);
    }

    private static Vector<float> LaneByLane(Vector<float> left, Vector<float> right, Vector<float> addend)
    {
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        for (int i = 0; i < lanes.Length; i++) lanes[i] = MathF.FusedMultiplyAdd(left[i], right[i], addend[i]);
        return new Vector<float>(lanes);
    }
}
#endif
