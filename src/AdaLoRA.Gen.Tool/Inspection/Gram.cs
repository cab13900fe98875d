using System.Numerics;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Tool.Inspection;

/// <summary>Products of thin matrices with each other, r × r: what norms and angles of ΔW need, which is never formed.</summary>
internal static class Gram
{
    /// <summary>X·Yᵀ of two matrices whose rows are equally long: [rows of X, rows of Y].</summary>
    public static double[] OfRows(double[] x, int rowsOfX, double[] y, int rowsOfY, int length)
    {
        double[] product = new double[rowsOfX * rowsOfY];
        for (int i = 0; i < rowsOfX; i++)
        {
            for (int j = 0; j < rowsOfY; j++) product[i * rowsOfY + j] = Dot(x.AsSpan(i * length, length), y.AsSpan(j * length, length));
        }
        return product;
    }

    /// <summary>Σ x·y.</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var wideX = MemoryMarshal.Cast<double, Vector<double>>(x);
        var wideY = MemoryMarshal.Cast<double, Vector<double>>(y);
        var lanes = Vector<double>.Zero;
        for (int i = 0; i < wideX.Length; i++) lanes += wideX[i] * wideY[i];
        double sum = Vector.Sum(lanes);
        for (int i = wideX.Length * Vector<double>.Count; i < x.Length; i++) sum += x[i] * y[i];
        return sum;
    }

    /// <summary>‖G − I‖_F of a square matrix.</summary>
    public static double DistanceFromIdentity(double[] gram, int size)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                double off = gram[i * size + j] - (i == j ? 1 : 0);
                sum += off * off;
            }
        }
        return Math.Sqrt(sum);
    }

    /// <summary>⟨X₁ᵀ·Y₁, X₂ᵀ·Y₂⟩ of two products, from the Gram matrices X₁X₂ᵀ and Y₁Y₂ᵀ: Σ of their elements' products.</summary>
    public static double Inner(double[] left, double[] right) => Dot(left, right);
}
