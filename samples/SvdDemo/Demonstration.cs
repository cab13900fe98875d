using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace SvdDemo;

/// <summary>A matrix of low rank, its singular value decomposition, and the two factors that replace it.</summary>
internal static class Demonstration
{
    /// <returns>Whether the factors stood for the matrix within rounding.</returns>
    public static bool Run(int size, int rank, int seed, TextWriter writer)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(seed);

        var W = randn(size, rank).mm(randn(rank, size));
        var (U, S, Vt) = linalg.svd(W, fullMatrices: false);
        // Rounding leaves singular values of about the machine's precision where exact arithmetic would leave zeros.
        int found = (int)linalg.matrix_rank(W).item<long>();
        Line(writer, $"W has {size} x {size} entries and was made of rank {rank}; its singular values say rank {found}:");
        PrintSingularValues(S.data<float>().ToArray(), found, writer);

        // W = U S V^T, and all but the first r singular values are zero: the first r columns are enough.
        var B = U[.., ..rank].mul(S[..rank]);
        var A = Vt[..rank];
        Line(writer, $"\nB = U_r S_r ({size} x {rank}) and A = V_r^T ({rank} x {size}) hold the same matrix:");
        double matrixError = Error(B.mm(A), W);

        var x = randn(size);
        var b = randn(size);
        var whole = W.mv(x).add(b);
        var factored = B.mv(A.mv(x)).add(b);
        double outputError = Error(factored, whole);
        Line(writer, $"  largest difference of B A and W, relative to W               {matrixError:0.0e+00}");
        Line(writer, $"  largest difference of B (A x) + b and W x + b, relative       {outputError:0.0e+00}");

        Line(writer, $"\n  output  {"W x + b",12}  {"B (A x) + b",12}");
        float[] left = whole.data<float>().ToArray(), right = factored.data<float>().ToArray();
        for (int i = 0; i < Math.Min(size, 10); i++) Line(writer, $"  {i,6}  {left[i],12:0.00000}  {right[i],12:0.00000}");
        if (size > 10) Line(writer, $"  ({size - 10} more)");

        long full = W.numel(), factors = B.numel() + A.numel();
        Line(writer, $"\nParameters: {full} in W, {factors} in B and A ({(double)factors / full:0 %}).");
        bool same = matrixError < 1e-4 && outputError < 1e-4;
        Line(writer, same ? (FormattableString)$"The same outputs within rounding." : $"The outputs differ by more than rounding explains.");
        return same;
    }

    private static void PrintSingularValues(float[] values, int rank, TextWriter writer)
    {
        Line(writer, $"  index  {"value",12}");
        int shown = Math.Min(values.Length, Math.Max(rank + 2, 10));
        for (int i = 0; i < shown; i++) Line(writer, $"  {i,5}  {values[i],12:0.000000}{(i < rank ? "" : "  (rounding)")}");
        if (shown < values.Length) Line(writer, $"  ({values.Length - shown} more)");
    }

    private static double Error(Tensor actual, Tensor expected)
        => actual.sub(expected).abs().max().item<float>() / expected.abs().max().item<float>();

    private static void Line(TextWriter writer, FormattableString text) => writer.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
