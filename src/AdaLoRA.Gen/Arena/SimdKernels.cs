using System.Numerics;
using System.Runtime.CompilerServices;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The tail's passes over rows of fp32 factors, by pointer. AggressiveOptimization, since the first steps of a run would otherwise execute unoptimised code; FusedMultiplyAdd is
/// written out because the JIT does not contract.
/// </summary>
internal static unsafe class SimdKernels
{
    private static int Width => Vector<float>.Count;

    /// <summary>Chain rule of one A row: returns Σ g·a and scales g by <paramref name="factor"/> = E·s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float UnfoldRow(float* a, float* g, int length, float factor)
    {
        var scale = new Vector<float>(factor);
        Vector<float> even = default, odd = default;
        int i = 0;
        for (; i <= length - 2 * Width; i += 2 * Width)
        {
            Vector<float> g0 = Vector.Load(g + i), g1 = Vector.Load(g + i + Width);
            even = Vector.FusedMultiplyAdd(g0, Vector.Load(a + i), even);
            odd = Vector.FusedMultiplyAdd(g1, Vector.Load(a + i + Width), odd);
            (g0 * scale).Store(g + i);
            (g1 * scale).Store(g + i + Width);
        }
        float sum = Vector.Sum(even + odd);
        for (; i < length; i++)
        {
            sum += g[i] * a[i];
            g[i] *= factor;
        }
        return sum;
    }

    /// <summary>Multiplies in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, long length, float factor)
    {
        var scale = new Vector<float>(factor);
        long i = 0;
        for (; i <= length - Width; i += Width) (Vector.Load(x + i) * scale).Store(x + i);
        for (; i < length; i++) x[i] *= factor;
    }

    /// <summary>Σ x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* x, long length)
    {
        Vector<float> lanes = default;
        long i = 0;
        for (; i <= length - Width; i += Width) lanes += Vector.Load(x + i);
        float sum = Vector.Sum(lanes);
        for (; i < length; i++) sum += x[i];
        return sum;
    }

    /// <summary>Σ x ÷ (y + floor).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfQuotients(float* x, float* y, long length, float floor)
    {
        Vector<float> lanes = default, least = new(floor);
        long i = 0;
        for (; i <= length - Width; i += Width) lanes += Vector.Load(x + i) / (Vector.Load(y + i) + least);
        float sum = Vector.Sum(lanes);
        for (; i < length; i++) sum += x[i] / (y[i] + floor);
        return sum;
    }

    /// <summary>Σ x²: in fp32 over a few thousand elements, in double over those, so that a large factor loses nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SumOfSquares(float* x, long length)
    {
        const long piece = 4096;
        double sum = 0;
        for (; length > 0; x += piece, length -= piece)
        {
            long end = Math.Min(piece, length), i = 0;
            Vector<float> even = default, odd = default;
            for (; i <= end - 2 * Width; i += 2 * Width)
            {
                Vector<float> x0 = Vector.Load(x + i), x1 = Vector.Load(x + i + Width);
                even = Vector.FusedMultiplyAdd(x0, x0, even);
                odd = Vector.FusedMultiplyAdd(x1, x1, odd);
            }
            sum += Vector.Sum(even + odd);
            for (; i < end; i++) sum += x[i] * x[i];
        }
        return sum;
    }

    /// <summary>Σ a·b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* a, float* b, long length)
    {
        Vector<float> even = default, odd = default;
        long i = 0;
        for (; i <= length - 2 * Width; i += 2 * Width)
        {
            even = Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), even);
            odd = Vector.FusedMultiplyAdd(Vector.Load(a + i + Width), Vector.Load(b + i + Width), odd);
        }
        float sum = Vector.Sum(even + odd);
        for (; i < length; i++) sum += a[i] * b[i];
        return sum;
    }
}
