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

    /// <summary>gram ← F Fᵀ − I, full and symmetric; returns its squared Frobenius norm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double GramMinusIdentity(float* f, int rank, int length, float* gram)
    {
        double squared = 0;
        int whole = length - length % Width;
        for (int k = 0; k < rank; k++)
        {
            float* row = f + (long)k * length;
            int j = k;
            // One row against four keeps four accumulators busy and loads the row once.
            for (; j + 3 < rank; j += 4)
            {
                float* q0 = f + (long)j * length, q1 = q0 + length, q2 = q1 + length, q3 = q2 + length;
                Vector<float> a0 = default, a1 = default, a2 = default, a3 = default;
                for (int i = 0; i < whole; i += Width)
                {
                    var x = Vector.Load(row + i);
                    a0 = Vector.FusedMultiplyAdd(x, Vector.Load(q0 + i), a0);
                    a1 = Vector.FusedMultiplyAdd(x, Vector.Load(q1 + i), a1);
                    a2 = Vector.FusedMultiplyAdd(x, Vector.Load(q2 + i), a2);
                    a3 = Vector.FusedMultiplyAdd(x, Vector.Load(q3 + i), a3);
                }
                float s0 = Vector.Sum(a0), s1 = Vector.Sum(a1), s2 = Vector.Sum(a2), s3 = Vector.Sum(a3);
                for (int i = whole; i < length; i++)
                {
                    s0 += row[i] * q0[i];
                    s1 += row[i] * q1[i];
                    s2 += row[i] * q2[i];
                    s3 += row[i] * q3[i];
                }
                float* target = gram + k * rank + j;
                (target[0], target[1], target[2], target[3]) = (s0, s1, s2, s3);
            }
            for (; j < rank; j++) gram[k * rank + j] = Dot(row, f + (long)j * length, length);
            gram[k * rank + k] -= 1;
            for (j = k; j < rank; j++)
            {
                float value = gram[k * rank + j];
                gram[j * rank + k] = value;
                squared += (j == k ? 1.0 : 2.0) * value * value;
            }
        }
        return squared;
    }

    /// <summary>G ← G + C·F for an r × r matrix C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddProduct(float* g, float* c, float* f, int rank, int length)
    {
        int whole = length - length % Width, k = 0;
        for (; k + 3 < rank; k += 4)
        {
            float* g0 = g + (long)k * length, g1 = g0 + length, g2 = g1 + length, g3 = g2 + length;
            float* c0 = c + k * rank, c1 = c0 + rank, c2 = c1 + rank, c3 = c2 + rank;
            for (int i = 0; i < whole; i += Width)
            {
                Vector<float> a0 = Vector.Load(g0 + i), a1 = Vector.Load(g1 + i), a2 = Vector.Load(g2 + i), a3 = Vector.Load(g3 + i);
                float* q = f + i;
                for (int j = 0; j < rank; j++, q += length)
                {
                    var x = Vector.Load(q);
                    a0 = Vector.FusedMultiplyAdd(x, new Vector<float>(c0[j]), a0);
                    a1 = Vector.FusedMultiplyAdd(x, new Vector<float>(c1[j]), a1);
                    a2 = Vector.FusedMultiplyAdd(x, new Vector<float>(c2[j]), a2);
                    a3 = Vector.FusedMultiplyAdd(x, new Vector<float>(c3[j]), a3);
                }
                a0.Store(g0 + i);
                a1.Store(g1 + i);
                a2.Store(g2 + i);
                a3.Store(g3 + i);
            }
        }
        for (; k < rank; k++)
        {
            float* row = g + (long)k * length, weights = c + k * rank;
            for (int i = 0; i < whole; i += Width)
            {
                var a = Vector.Load(row + i);
                float* q = f + i;
                for (int j = 0; j < rank; j++, q += length) a = Vector.FusedMultiplyAdd(Vector.Load(q), new Vector<float>(weights[j]), a);
                a.Store(row + i);
            }
        }
        for (k = 0; k < rank; k++)
        {
            for (int i = whole; i < length; i++)
            {
                float sum = 0;
                for (int j = 0; j < rank; j++) sum += c[k * rank + j] * f[(long)j * length + i];
                g[(long)k * length + i] += sum;
            }
        }
    }
}
