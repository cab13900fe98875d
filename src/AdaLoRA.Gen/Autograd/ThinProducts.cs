using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AdaLoRA.Gen.Autograd;

/// <summary>
/// The products of an adapter: one side is only as wide as its rank, which general matrix libraries are slow at. Every element of a result is one chain of fused multiply-adds in the order of the
/// inner index, whatever the vectors' width, the blocking and the number of threads: results are the same bits on every x64 machine with FMA.
/// </summary>
internal static unsafe partial class ThinProducts
{
    /// <summary>Columns from which a row is so long that memory must be walked along it: the steps from row to row would miss the cache's sets and the pages' table.</summary>
    private const int LongRow = 1024;

    /// <summary>Rows of the right factor at a time: what the first-level cache holds, or, of long rows, what one of its sets does.</summary>
    private const int Depth = 256, DepthOfLongRows = 8;

    /// <summary>Inner indices up to which the right factor is small, and the left one and C are walked row by row.</summary>
    private const int Shallow = 64;

    /// <summary>Floats of the widest vector.</summary>
    private const int Lane = 16;

    /// <summary>C += A·B on this thread.</summary>
    /// <param name="c">[m, n], its columns side by side.</param>
    /// <param name="a">[m, depth], read element by element.</param>
    /// <param name="b">[depth, n], its columns side by side.</param>
    /// <param name="m">Rows of C.</param>
    /// <param name="n">Columns of C.</param>
    /// <param name="depth">The inner index.</param>
    public static void Add(Matrix c, Matrix a, Matrix b, int m, int n, int depth)
    {
        int step = depth > Shallow && n >= LongRow ? DepthOfLongRows : Depth;
        for (int k = 0; k < depth; k += step)
        {
            int d = Math.Min(step, depth - k);
            Matrix ak = a.From(0, k), bk = b.From(k, 0);
            if (Vector512.IsHardwareAccelerated) Block<Wide>(c.Start, c.RowStep, ak.Start, a.RowStep, a.ColumnStep, bk.Start, b.RowStep, m, n, d);
            else Block<Narrow>(c.Start, c.RowStep, ak.Start, a.RowStep, a.ColumnStep, bk.Start, b.RowStep, m, n, d);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Block<T>(float* c, int ldc, float* a, int rowStep, int depthStep, float* b, int ldb, int m, int n, int depth)
        where T : struct, IVector<T>
    {
        int j = 0, i = 0, wide = 8 * T.Width;
        if (depth <= Shallow)
        {
            // Along the rows of C.
            for (; i <= m - 4; i += 4)
            {
                for (j = 0; j <= n - 2 * T.Width; j += 2 * T.Width) Tile4x2<T>(c + (long)i * ldc + j, ldc, a + (long)i * rowStep, rowStep, depthStep, b + j, ldb, depth);
            }
            for (; i < m; i++)
            {
                for (j = 0; j <= n - 2 * T.Width; j += 2 * T.Width) Tile1x2<T>(c + (long)i * ldc + j, a + (long)i * rowStep, depthStep, b + j, ldb, depth);
            }
            j = n - n % (2 * T.Width);
        }
        else
        {
            for (; j <= n - wide; j += wide)
            {
                int end = j + wide;
                for (i = 0; i <= m - 4; i += 4)
                {
                    for (int p = j; p < end; p += 2 * T.Width) Tile4x2<T>(c + (long)i * ldc + p, ldc, a + (long)i * rowStep, rowStep, depthStep, b + p, ldb, depth);
                }
                // One row alone has so many sums under way that none waits for the one before.
                for (; i < m; i++) Tile1x8<T>(c + (long)i * ldc + j, a + (long)i * rowStep, depthStep, b + j, ldb, depth);
            }
            for (; j <= n - 2 * T.Width; j += 2 * T.Width)
            {
                for (i = 0; i <= m - 4; i += 4) Tile4x2<T>(c + (long)i * ldc + j, ldc, a + (long)i * rowStep, rowStep, depthStep, b + j, ldb, depth);
                for (; i < m; i++) Tile1x2<T>(c + (long)i * ldc + j, a + (long)i * rowStep, depthStep, b + j, ldb, depth);
            }
        }
        for (; j <= n - T.Width; j += T.Width)
        {
            for (i = 0; i <= m - 8; i += 8) Tile8x1<T>(c + (long)i * ldc + j, ldc, a + (long)i * rowStep, rowStep, depthStep, b + j, ldb, depth);
            for (; i <= m - 4; i += 4) Tile4x1<T>(c + (long)i * ldc + j, ldc, a + (long)i * rowStep, rowStep, depthStep, b + j, ldb, depth);
            for (; i < m; i++) Tile1x1<T>(c + (long)i * ldc + j, a + (long)i * rowStep, depthStep, b + j, ldb, depth);
        }
        for (; j < n; j++)
        {
            for (i = 0; i < m; i++)
            {
                float sum = c[(long)i * ldc + j];
                float* x = a + (long)i * rowStep, y = b + j;
                for (int k = 0; k < depth; k++, x += depthStep, y += ldb) sum = MathF.FusedMultiplyAdd(*x, *y, sum);
                c[(long)i * ldc + j] = sum;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile4x2<T>(float* c, int ldc, float* a, int rowStep, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        float* c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc, a1 = a + rowStep, a2 = a1 + rowStep, a3 = a2 + rowStep;
        int w = T.Width;
        T x00 = T.Load(c), x01 = T.Load(c + w), x10 = T.Load(c1), x11 = T.Load(c1 + w), x20 = T.Load(c2), x21 = T.Load(c2 + w), x30 = T.Load(c3), x31 = T.Load(c3 + w);
        long at = 0;
        for (int k = 0; k < depth; k++, b += ldb, at += depthStep)
        {
            T b0 = T.Load(b), b1 = T.Load(b + w);
            var s = T.Broadcast(a[at]);
            x00 = T.MultiplyAdd(s, b0, x00);
            x01 = T.MultiplyAdd(s, b1, x01);
            s = T.Broadcast(a1[at]);
            x10 = T.MultiplyAdd(s, b0, x10);
            x11 = T.MultiplyAdd(s, b1, x11);
            s = T.Broadcast(a2[at]);
            x20 = T.MultiplyAdd(s, b0, x20);
            x21 = T.MultiplyAdd(s, b1, x21);
            s = T.Broadcast(a3[at]);
            x30 = T.MultiplyAdd(s, b0, x30);
            x31 = T.MultiplyAdd(s, b1, x31);
        }
        x00.Store(c);
        x01.Store(c + w);
        x10.Store(c1);
        x11.Store(c1 + w);
        x20.Store(c2);
        x21.Store(c2 + w);
        x30.Store(c3);
        x31.Store(c3 + w);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile8x1<T>(float* c, int ldc, float* a, int rowStep, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        float* c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc, c4 = c3 + ldc, c5 = c4 + ldc, c6 = c5 + ldc, c7 = c6 + ldc;
        float* a1 = a + rowStep, a2 = a1 + rowStep, a3 = a2 + rowStep, a4 = a3 + rowStep, a5 = a4 + rowStep, a6 = a5 + rowStep, a7 = a6 + rowStep;
        T x0 = T.Load(c), x1 = T.Load(c1), x2 = T.Load(c2), x3 = T.Load(c3), x4 = T.Load(c4), x5 = T.Load(c5), x6 = T.Load(c6), x7 = T.Load(c7);
        long at = 0;
        for (int k = 0; k < depth; k++, b += ldb, at += depthStep)
        {
            var y = T.Load(b);
            x0 = T.MultiplyAdd(T.Broadcast(a[at]), y, x0);
            x1 = T.MultiplyAdd(T.Broadcast(a1[at]), y, x1);
            x2 = T.MultiplyAdd(T.Broadcast(a2[at]), y, x2);
            x3 = T.MultiplyAdd(T.Broadcast(a3[at]), y, x3);
            x4 = T.MultiplyAdd(T.Broadcast(a4[at]), y, x4);
            x5 = T.MultiplyAdd(T.Broadcast(a5[at]), y, x5);
            x6 = T.MultiplyAdd(T.Broadcast(a6[at]), y, x6);
            x7 = T.MultiplyAdd(T.Broadcast(a7[at]), y, x7);
        }
        x0.Store(c);
        x1.Store(c1);
        x2.Store(c2);
        x3.Store(c3);
        x4.Store(c4);
        x5.Store(c5);
        x6.Store(c6);
        x7.Store(c7);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile4x1<T>(float* c, int ldc, float* a, int rowStep, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        float* c1 = c + ldc, c2 = c1 + ldc, c3 = c2 + ldc, a1 = a + rowStep, a2 = a1 + rowStep, a3 = a2 + rowStep;
        T x0 = T.Load(c), x1 = T.Load(c1), x2 = T.Load(c2), x3 = T.Load(c3);
        long at = 0;
        for (int k = 0; k < depth; k++, b += ldb, at += depthStep)
        {
            var y = T.Load(b);
            x0 = T.MultiplyAdd(T.Broadcast(a[at]), y, x0);
            x1 = T.MultiplyAdd(T.Broadcast(a1[at]), y, x1);
            x2 = T.MultiplyAdd(T.Broadcast(a2[at]), y, x2);
            x3 = T.MultiplyAdd(T.Broadcast(a3[at]), y, x3);
        }
        x0.Store(c);
        x1.Store(c1);
        x2.Store(c2);
        x3.Store(c3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile1x2<T>(float* c, float* a, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        T x0 = T.Load(c), x1 = T.Load(c + T.Width);
        for (int k = 0; k < depth; k++, a += depthStep, b += ldb)
        {
            var s = T.Broadcast(*a);
            x0 = T.MultiplyAdd(s, T.Load(b), x0);
            x1 = T.MultiplyAdd(s, T.Load(b + T.Width), x1);
        }
        x0.Store(c);
        x1.Store(c + T.Width);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Tile1x8<T>(float* c, float* a, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        int w = T.Width;
        T x0 = T.Load(c), x1 = T.Load(c + w), x2 = T.Load(c + 2 * w), x3 = T.Load(c + 3 * w), x4 = T.Load(c + 4 * w), x5 = T.Load(c + 5 * w), x6 = T.Load(c + 6 * w), x7 = T.Load(c + 7 * w);
        for (int k = 0; k < depth; k++, a += depthStep, b += ldb)
        {
            var s = T.Broadcast(*a);
            x0 = T.MultiplyAdd(s, T.Load(b), x0);
            x1 = T.MultiplyAdd(s, T.Load(b + w), x1);
            x2 = T.MultiplyAdd(s, T.Load(b + 2 * w), x2);
            x3 = T.MultiplyAdd(s, T.Load(b + 3 * w), x3);
            x4 = T.MultiplyAdd(s, T.Load(b + 4 * w), x4);
            x5 = T.MultiplyAdd(s, T.Load(b + 5 * w), x5);
            x6 = T.MultiplyAdd(s, T.Load(b + 6 * w), x6);
            x7 = T.MultiplyAdd(s, T.Load(b + 7 * w), x7);
        }
        x0.Store(c);
        x1.Store(c + w);
        x2.Store(c + 2 * w);
        x3.Store(c + 3 * w);
        x4.Store(c + 4 * w);
        x5.Store(c + 5 * w);
        x6.Store(c + 6 * w);
        x7.Store(c + 7 * w);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile1x1<T>(float* c, float* a, int depthStep, float* b, int ldb, int depth)
        where T : struct, IVector<T>
    {
        var x = T.Load(c);
        for (int k = 0; k < depth; k++, a += depthStep, b += ldb) x = T.MultiplyAdd(T.Broadcast(*a), T.Load(b), x);
        x.Store(c);
    }
}
