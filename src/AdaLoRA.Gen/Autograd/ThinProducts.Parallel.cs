using static TorchSharp.torch;

namespace AdaLoRA.Gen.Autograd;

/// <summary>A matrix by its first element and the steps from row to row and from column to column.</summary>
internal readonly unsafe struct Matrix(float* start, int rowStep, int columnStep = 1)
{
    public readonly float* Start = start;
    public readonly int RowStep = rowStep, ColumnStep = columnStep;

    public Matrix From(long row, long column) => new(Start + row * RowStep + column * ColumnStep, RowStep, ColumnStep);
}

internal static unsafe partial class ThinProducts
{
    /// <summary>Multiply-adds below which a second thread costs more than it saves: some 300 µs.</summary>
    private const long PerThread = 16_000_000;

    /// <summary>C += A·B, in pieces of rows where that is worth torch's other threads.</summary>
    public static void AddByRows(Matrix c, Matrix a, Matrix b, int m, int n, int depth)
    {
        int threads = Threads(m, n, depth);
        if (threads > 1) RowsInPieces(threads, c, a, b, m, n, depth);
        else Add(c, a, b, m, n, depth);
    }

    /// <summary>C ← X·Fᵀ, in pieces of rows where that is worth torch's other threads.</summary>
    public static void DotsByRows(Matrix c, Matrix x, Matrix f, int rows, int others, int length)
    {
        int threads = Threads(rows, others, length);
        if (threads > 1) DotsInPieces(threads, c, x, f, rows, others, length);
        else ThinDots.Multiply(c, x, f, rows, others, length);
    }

    /// <summary>C += A·B, in pieces of columns where that is worth torch's other threads.</summary>
    public static void AddByColumns(Matrix c, Matrix a, Matrix b, int m, int n, int depth)
    {
        int threads = Threads(m, n, depth);
        if (threads > 1) ColumnsInPieces(threads, c, a, b, m, n, depth);
        else Add(c, a, b, m, n, depth);
    }

    private static int Threads(long m, long n, long depth) => m * n * depth is var work && work < 2 * PerThread ? 1 : (int)Math.Min(get_num_threads(), work / PerThread);

    // Methods of their own: a closure is made where its method begins, used or not.
    private static void RowsInPieces(int threads, Matrix c, Matrix a, Matrix b, int m, int n, int depth)
    {
        int each = Each(m, threads);
        Parallel.For(0, (m + each - 1) / each, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => Add(c.From(i * each, 0), a.From(i * each, 0), b, Math.Min(each, m - i * each), n, depth));
    }

    private static void DotsInPieces(int threads, Matrix c, Matrix x, Matrix f, int rows, int others, int length)
    {
        int each = Each(rows, threads);
        Parallel.For(0, (rows + each - 1) / each, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => ThinDots.Multiply(c.From(i * each, 0), x.From(i * each, 0), f, Math.Min(each, rows - i * each), others, length));
    }

    private static void ColumnsInPieces(int threads, Matrix c, Matrix a, Matrix b, int m, int n, int depth)
    {
        int each = Each(n, threads);
        Parallel.For(0, (n + each - 1) / each, new ParallelOptions { MaxDegreeOfParallelism = threads }, i => Add(c.From(0, i * each), a, b.From(0, i * each), m, Math.Min(each, n - i * each), depth));
    }

    // Whole tiles, or what is left of each piece would be computed element by element.
    private static int Each(int length, int threads) => (length / threads + 2 * Lane - 1) / (2 * Lane) * (2 * Lane);
}
