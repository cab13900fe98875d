using AdaLoRA.Gen.Autograd;

namespace AdaLoRA.Gen.Arena;

/// <summary>The orthogonality regulariser of one factor and its gradient, from the r × r Gram matrix (eq. 4): R = ‖F Fᵀ − I‖.</summary>
internal static unsafe class SimdRegulariser
{
    /// <summary>Adds the gradient; see <see cref="AtenRegulariser"/>.</summary>
    /// <param name="p">F, [rank, length].</param>
    /// <param name="g">Its gradient, of the same shape.</param>
    /// <param name="rank">Triplets.</param>
    /// <param name="length">Of a row.</param>
    /// <param name="fidelity">Reference: R is the Frobenius norm; Paper: its square.</param>
    /// <param name="coefficient">Factor on the gradient of R² ÷ 2 (Paper) or R (Reference).</param>
    /// <returns>R, or its square.</returns>
    public static double AddGradient(float* p, float* g, int rank, int length, Fidelity fidelity, double coefficient)
    {
        int width = ThinProducts.Padded(rank);
        var scratch = Scratch.OfThread;
        float* packed = scratch.Packed((long)length * width), gram = scratch.Hidden((long)rank * width);
        ThinProducts.Pack(packed, p, rank, length);
        new Span<float>(gram, rank * width).Clear();
        ThinProducts.Add(new(gram, width), new(p, length, 1), new(packed, width), rank, width, length);
        double squared = 0;
        for (int k = 0; k < rank; k++)
        {
            gram[k * width + k] -= 1;
            squared += SimdKernels.SumOfSquares(gram + k * width, rank);
        }
        double norm = Math.Sqrt(squared);
        if (squared > 0)
        {
            SimdKernels.Scale(gram, (long)rank * width, (float)(fidelity == Fidelity.Paper ? coefficient : coefficient / norm));
            ThinProducts.Add(new(g, length), new(gram, width, 1), new(p, length), rank, length, rank);
        }
        return fidelity == Fidelity.Paper ? squared : norm;
    }
}
