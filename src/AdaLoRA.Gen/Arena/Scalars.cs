using TorchSharp;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Scalars that live as long as the process: TorchSharp keeps none alive while native code reads it, so a temporary one can be freed in the middle of a call. It makes temporary ones itself where an alpha is left
/// out (<c>add(t)</c>, also as <c>+</c>, and <c>add(scalar)</c>, <c>addcmul(t, t)</c>) and in <c>square</c> and <c>linalg.vector_norm</c>: state the alpha, and use <c>mul</c> and <c>linalg.norm</c>.
/// </summary>
internal static class Scalars
{
    public static readonly Scalar Zero = 0.0.ToScalar(), MinusZero = (-0.0).ToScalar(), One = 1.0.ToScalar(), MinusOne = (-1.0).ToScalar(), OneInt = 1L.ToScalar();

    /// <summary>Below any norm that is not zero.</summary>
    public static readonly Scalar Tiny = 1e-30.ToScalar();
}
