using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Budget;

/// <summary>
/// How the two averages become a score. The score of an entry is s(w); a triplet's is s(λ) + mean s(Q row) + mean s(P column) (eq. 9). One class a strategy, with the same
/// arithmetic for a row in memory and for flat tensors. <see cref="ImportanceScore.Magnitude"/> has none: it reads Λ and no averages.
/// </summary>
internal abstract unsafe class TripletScore
{
    /// <summary>s of every entry, flat; not to be written.</summary>
    /// <param name="sensitivity">Ī of eq. 11.</param>
    /// <param name="uncertainty">Ū of eq. 12.</param>
    /// <param name="scratch">Of their size and type; may be overwritten, since on the CPU touching new memory would cost more than all else.</param>
    public abstract Tensor Entries(Tensor sensitivity, Tensor uncertainty, Tensor scratch);

    /// <summary>Σ s over a row.</summary>
    /// <param name="sensitivity">Ī.</param>
    /// <param name="uncertainty">Ū.</param>
    /// <param name="length">Entries.</param>
    public abstract float Sum(float* sensitivity, float* uncertainty, long length);

    /// <summary>The strategy of an option; null for |λ|.</summary>
    public static TripletScore? Of(ImportanceScore score) => score switch
    {
        ImportanceScore.Product => new ProductScore(),
        ImportanceScore.Sensitivity => new SensitivityScore(),
        ImportanceScore.SignalToNoise => new SignalToNoiseScore(),
        _ => null,
    };

    private sealed class ProductScore : TripletScore
    {
        public override Tensor Entries(Tensor sensitivity, Tensor uncertainty, Tensor scratch) => scratch.copy_(sensitivity).mul_(uncertainty);

        public override float Sum(float* sensitivity, float* uncertainty, long length) => SimdKernels.Dot(sensitivity, uncertainty, length);
    }

    private sealed class SensitivityScore : TripletScore
    {
        public override Tensor Entries(Tensor sensitivity, Tensor uncertainty, Tensor scratch) => sensitivity;

        public override float Sum(float* sensitivity, float* uncertainty, long length) => SimdKernels.Sum(sensitivity, length);
    }

    private sealed class SignalToNoiseScore : TripletScore
    {
        /// <summary>An entry that never moved (0 ÷ 0) scores 0.</summary>
        private const float Floor = 1e-12f;

        private static readonly Scalar FloorScalar = Floor.ToScalar();

        public override Tensor Entries(Tensor sensitivity, Tensor uncertainty, Tensor scratch) => scratch.copy_(uncertainty).add_(FloorScalar, Scalars.One).reciprocal_().mul_(sensitivity);

        public override float Sum(float* sensitivity, float* uncertainty, long length) => SimdKernels.SumOfQuotients(sensitivity, uncertainty, length, Floor);
    }
}
