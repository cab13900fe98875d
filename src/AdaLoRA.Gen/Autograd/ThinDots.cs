using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// Products of long rows with few other long rows: C = X·Fᵀ. Every element is sixteen interleaved chains of fused multiply-adds (chain l takes the inner indices that are l modulo 16), added as a tree,
/// then what is left of the row: the same bits for every vector width, tile and number of threads.
/// </summary>
internal static unsafe class ThinDots
{
    /// <summary>Chains of an element.</summary>
    private const int Chains = 16;

    /// <summary>C ← X·Fᵀ on this thread.</summary>
    /// <param name="c">[rows, others], its columns side by side.</param>
    /// <param name="x">[rows, length], its columns side by side.</param>
    /// <param name="f">[others, length], its columns side by side.</param>
    /// <param name="rows">Rows of X.</param>
    /// <param name="others">Rows of F.</param>
    /// <param name="length">Of a row.</param>
    public static void Multiply(Matrix c, Matrix x, Matrix f, int rows, int others, int length)
    {
        if (Vector512.IsHardwareAccelerated) Block<Wide>(c, x, f, rows, others, length);
        else Block<Pair>(c, x, f, rows, others, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Block<T>(Matrix c, Matrix x, Matrix f, int rows, int others, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        int whole = length - length % Chains, i = 0;
        int fours = others - others % 4;
        for (; i <= rows - 8; i += 8)
        {
            for (int j = 0; j < fours; j += 4)
            {
                Tile4x4<T>(c.From(i, j), x.From(i, 0), f.From(j, 0), whole);
                Tile4x4<T>(c.From(i + 4, j), x.From(i + 4, 0), f.From(j, 0), whole);
            }
            for (int j = fours; j < others; j++) Tile8x1<T>(c.From(i, j), x.From(i, 0), f.From(j, 0), whole);
        }
        for (; i <= rows - 4; i += 4)
        {
            int j = 0;
            for (; j <= others - 4; j += 4) Tile4x4<T>(c.From(i, j), x.From(i, 0), f.From(j, 0), whole);
            for (; j < others; j++) Tile4x1<T>(c.From(i, j), x.From(i, 0), f.From(j, 0), whole);
        }
        for (; i < rows; i++)
        {
            int j = 0;
            for (; j <= others - 4; j += 4) Tile1x4<T>(x.From(i, 0).Start, f.From(j, 0), whole).Store(c.From(i, j).Start);
            for (; j < others; j++) *c.From(i, j).Start = Tile1x1<T>(x.From(i, 0).Start, f.From(j, 0).Start, whole);
        }
        if (whole == length) return;
        for (i = 0; i < rows; i++)
        {
            for (int j = 0; j < others; j++)
            {
                float* sum = c.From(i, j).Start, a = x.From(i, 0).Start, b = f.From(j, 0).Start;
                for (int k = whole; k < length; k++) *sum = MathF.FusedMultiplyAdd(a[k], b[k], *sum);
            }
        }
    }

    // Not inlined, as other large tiles: the compiler keeps only so many variables of a method in registers.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x4<T>(Matrix c, Matrix x, Matrix f, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        float* x0 = x.Start, x1 = x0 + x.RowStep, x2 = x1 + x.RowStep, x3 = x2 + x.RowStep, f0 = f.Start, f1 = f0 + f.RowStep, f2 = f1 + f.RowStep, f3 = f2 + f.RowStep;
        T s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        T s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        for (int k = 0; k < length; k += Chains)
        {
            T a0 = T.Load(x0 + k), a1 = T.Load(x1 + k), a2 = T.Load(x2 + k), a3 = T.Load(x3 + k);
            var b = T.Load(f0 + k);
            s00 = T.MultiplyAdd(a0, b, s00);
            s10 = T.MultiplyAdd(a1, b, s10);
            s20 = T.MultiplyAdd(a2, b, s20);
            s30 = T.MultiplyAdd(a3, b, s30);
            b = T.Load(f1 + k);
            s01 = T.MultiplyAdd(a0, b, s01);
            s11 = T.MultiplyAdd(a1, b, s11);
            s21 = T.MultiplyAdd(a2, b, s21);
            s31 = T.MultiplyAdd(a3, b, s31);
            b = T.Load(f2 + k);
            s02 = T.MultiplyAdd(a0, b, s02);
            s12 = T.MultiplyAdd(a1, b, s12);
            s22 = T.MultiplyAdd(a2, b, s22);
            s32 = T.MultiplyAdd(a3, b, s32);
            b = T.Load(f3 + k);
            s03 = T.MultiplyAdd(a0, b, s03);
            s13 = T.MultiplyAdd(a1, b, s13);
            s23 = T.MultiplyAdd(a2, b, s23);
            s33 = T.MultiplyAdd(a3, b, s33);
        }
        Sum(s00, s01, s02, s03).Store(c.Start);
        Sum(s10, s11, s12, s13).Store(c.Start + c.RowStep);
        Sum(s20, s21, s22, s23).Store(c.Start + 2 * c.RowStep);
        Sum(s30, s31, s32, s33).Store(c.Start + 3 * c.RowStep);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1<T>(Matrix c, Matrix x, Matrix f, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        float* x0 = x.Start, x1 = x0 + x.RowStep, x2 = x1 + x.RowStep, x3 = x2 + x.RowStep, x4 = x3 + x.RowStep, x5 = x4 + x.RowStep, x6 = x5 + x.RowStep, x7 = x6 + x.RowStep, f0 = f.Start;
        T s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int k = 0; k < length; k += Chains)
        {
            var b = T.Load(f0 + k);
            s0 = T.MultiplyAdd(T.Load(x0 + k), b, s0);
            s1 = T.MultiplyAdd(T.Load(x1 + k), b, s1);
            s2 = T.MultiplyAdd(T.Load(x2 + k), b, s2);
            s3 = T.MultiplyAdd(T.Load(x3 + k), b, s3);
            s4 = T.MultiplyAdd(T.Load(x4 + k), b, s4);
            s5 = T.MultiplyAdd(T.Load(x5 + k), b, s5);
            s6 = T.MultiplyAdd(T.Load(x6 + k), b, s6);
            s7 = T.MultiplyAdd(T.Load(x7 + k), b, s7);
        }
        Vector128<float> low = Sum(s0, s1, s2, s3), high = Sum(s4, s5, s6, s7);
        for (int i = 0; i < 4; i++)
        {
            c.Start[i * c.RowStep] = low[i];
            c.Start[(i + 4) * c.RowStep] = high[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile4x1<T>(Matrix c, Matrix x, Matrix f, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        float* x0 = x.Start, x1 = x0 + x.RowStep, x2 = x1 + x.RowStep, x3 = x2 + x.RowStep, f0 = f.Start;
        T s0 = default, s1 = default, s2 = default, s3 = default;
        for (int k = 0; k < length; k += Chains)
        {
            var b = T.Load(f0 + k);
            s0 = T.MultiplyAdd(T.Load(x0 + k), b, s0);
            s1 = T.MultiplyAdd(T.Load(x1 + k), b, s1);
            s2 = T.MultiplyAdd(T.Load(x2 + k), b, s2);
            s3 = T.MultiplyAdd(T.Load(x3 + k), b, s3);
        }
        var sums = Sum(s0, s1, s2, s3);
        for (int i = 0; i < 4; i++) c.Start[i * c.RowStep] = sums[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Tile1x4<T>(float* x, Matrix f, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        float* f0 = f.Start, f1 = f0 + f.RowStep, f2 = f1 + f.RowStep, f3 = f2 + f.RowStep;
        T s0 = default, s1 = default, s2 = default, s3 = default;
        for (int k = 0; k < length; k += Chains)
        {
            var a = T.Load(x + k);
            s0 = T.MultiplyAdd(a, T.Load(f0 + k), s0);
            s1 = T.MultiplyAdd(a, T.Load(f1 + k), s1);
            s2 = T.MultiplyAdd(a, T.Load(f2 + k), s2);
            s3 = T.MultiplyAdd(a, T.Load(f3 + k), s3);
        }
        return Sum(s0, s1, s2, s3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Tile1x1<T>(float* x, float* f, int length)
        where T : struct, IVector<T>, IChains<T>
    {
        T sum = default;
        for (int k = 0; k < length; k += Chains) sum = T.MultiplyAdd(T.Load(x + k), T.Load(f + k), sum);
        return Sum(sum, sum, sum, sum).ToScalar();
    }

    /// <summary>The sums of four elements' chains: 16 → 8 → 4 by halves, then neighbours.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sum<T>(T a, T b, T c, T d)
        where T : struct, IVector<T>, IChains<T>
    {
        Vector128<float> s0 = T.Quarter(a), s1 = T.Quarter(b), s2 = T.Quarter(c), s3 = T.Quarter(d);
        if (Sse.IsSupported)
        {
            // Transposed: lane i of each is element i's.
            Vector128<float> low01 = Sse.UnpackLow(s0, s1), high01 = Sse.UnpackHigh(s0, s1), low23 = Sse.UnpackLow(s2, s3), high23 = Sse.UnpackHigh(s2, s3);
            return (Sse.MoveLowToHigh(low01, low23) + Sse.MoveHighToLow(low23, low01)) + (Sse.MoveLowToHigh(high01, high23) + Sse.MoveHighToLow(high23, high01));
        }
        return Vector128.Create(Total(s0), Total(s1), Total(s2), Total(s3));
    }

    private static float Total(Vector128<float> x) => (x[0] + x[1]) + (x[2] + x[3]);
}
