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
        float* gram = Scratch.OfThread.Hidden((long)rank * rank);
        ThinDots.Multiply(new(gram, rank), new(p, length), new(p, length), rank, rank, length);
        double squared = 0;
        for (int k = 0; k < rank; k++)
        {
            gram[k * rank + k] -= 1;
            squared += SimdKernels.SumOfSquares(gram + k * rank, rank);
        }
        double norm = Math.Sqrt(squared);
        if (squared > 0)
        {
            SimdKernels.Scale(gram, (long)rank * rank, (float)(fidelity == Fidelity.Paper ? coefficient : coefficient / norm));
            ThinProducts.Add(new(g, length), new(gram, rank, 1), new(p, length), rank, length, rank);
        }
        return fidelity == Fidelity.Paper ? squared : norm;
    }
}
