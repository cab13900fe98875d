namespace AdaLoRA.Gen.Tool.Files;

/// <summary>The numbers of one target: ΔW = scale · B · diag(E) · A.</summary>
/// <param name="A">[r, in], row by row.</param>
/// <param name="B">[out, r], row by row.</param>
/// <param name="E">[r]; null for plain LoRA, where every λ is 1.</param>
/// <param name="Rank">r: of a grouped convolution that of one group.</param>
/// <param name="In">Columns of A.</param>
/// <param name="Out">Rows of B.</param>
/// <param name="IsDouble">Whether the file holds float64.</param>
internal sealed record Factors(double[] A, double[] B, double[]? E, int Rank, int In, int Out, bool IsDouble)
{
    /// <summary>Whether no value is NaN or infinite.</summary>
    public bool IsFinite => AreFinite(A) && AreFinite(B) && (E is null || AreFinite(E));

    /// <summary>E·A·scale, [r, in].</summary>
    public double[] FoldedA(double scale)
    {
        double[] folded = new double[A.Length];
        for (int k = 0; k < Rank; k++)
        {
            double factor = (E?[k] ?? 1) * scale;
            for (int j = 0; j < In; j++) folded[k * In + j] = A[k * In + j] * factor;
        }
        return folded;
    }

    /// <summary>E·A·scale rounded once to the type in which the run time keeps adapters (float32 unless the file holds float64), as values of float64.</summary>
    public double[] RoundedFoldedA(double scale)
    {
        double[] folded = FoldedA(scale);
        if (!IsDouble)
        {
            for (int i = 0; i < folded.Length; i++) folded[i] = (float)folded[i];
        }
        return folded;
    }

    /// <summary>float64 to float32.</summary>
    public static float[] Narrow(double[] values)
    {
        float[] narrow = new float[values.Length];
        for (int i = 0; i < narrow.Length; i++) narrow[i] = (float)values[i];
        return narrow;
    }

    /// <summary>Rows and columns exchanged: a new matrix, [columns, rows].</summary>
    public static double[] Transposed(double[] values, int rows, int columns)
    {
        double[] turned = new double[values.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++) turned[(long)j * rows + i] = values[(long)i * columns + j];
        }
        return turned;
    }

    private static bool AreFinite(double[] values)
    {
        foreach (double value in values)
        {
            if (!double.IsFinite(value)) return false;
        }
        return true;
    }
}
