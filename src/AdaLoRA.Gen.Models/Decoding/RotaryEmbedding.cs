using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// Rotary position embedding (Su et al. 2021) in Hugging Face's order of dimensions: dimension i turns with dimension i + d/2, by position × frequency i.
/// </summary>
internal sealed class RotaryEmbedding
{
    private readonly float[] _frequencies;

    /// <summary>Makes the frequencies θ^(-2i/d); in float32 step by step as Hugging Face computes them, for the angle of a late position shows every rounding.</summary>
    internal RotaryEmbedding(long headSize, double theta, Llama3Scaling? scaling)
    {
        using var scope = torch.NewDisposeScope();
        Tensor exponents = torch.arange(0, headSize, 2, dtype: ScalarType.Float32, device: torch.CPU).div_(headSize);
        float[] frequencies = torch.full_like(exponents, theta).pow(exponents).reciprocal_().data<float>().ToArray();
        _frequencies = scaling is null ? frequencies : [.. frequencies.Select(scaling.Scale)];
    }

    /// <summary>Cosines and sines of the rows' angles, in the type of the hidden states.</summary>
    /// <param name="positions">int64 [N].</param>
    /// <param name="dtype">Type of the hidden states.</param>
    internal RotaryAngles At(Tensor positions, ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        Tensor angles = positions.to(ScalarType.Float32).outer(torch.tensor(_frequencies, device: positions.device)).unsqueeze(1);
        return new RotaryAngles(angles.cos().to(dtype).MoveToOuterDisposeScope(), angles.sin().to(dtype).MoveToOuterDisposeScope());
    }
}

/// <summary>The angles of a batch, made once for all its layers.</summary>
/// <param name="cosines">[N, 1, d/2].</param>
/// <param name="sines">[N, 1, d/2].</param>
public sealed class RotaryAngles(Tensor cosines, Tensor sines) : IDisposable
{
    internal Tensor Cosines => cosines;

    internal Tensor Sines => sines;

    /// <summary>Turns queries or keys.</summary>
    /// <param name="rows">[N, heads d].</param>
    /// <param name="heads">Heads side by side in a row.</param>
    /// <returns>[N, heads d].</returns>
    public Tensor Turn(Tensor rows, long heads)
    {
        ArgumentNullException.ThrowIfNull(rows);
        using var scope = torch.NewDisposeScope();
        Tensor[] halves = rows.view(rows.shape[0], heads, -1).chunk(2, -1);
        Tensor turned = torch.cat([(halves[0] * cosines).add_(halves[1] * sines, Scalars.MinusOne), (halves[1] * cosines).add_(halves[0] * sines, Scalars.One)], -1);
        return turned.view(rows.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the tables.</summary>
    public void Dispose()
    {
        cosines.Dispose();
        sines.Dispose();
    }
}

/// <summary>
/// How Llama 3.1 stretches its positions (<c>rope_type: llama3</c>): waves longer than the old context ÷ <paramref name="LowFrequencyFactor"/> are slowed by <paramref name="Factor"/>,
/// those shorter than the old context ÷ <paramref name="HighFrequencyFactor"/> stay, between them it goes over linearly.
/// </summary>
/// <param name="Factor">How much slower the slow waves become, above 0.</param>
/// <param name="LowFrequencyFactor">Waves in the old context up to which a wave is slow; below <paramref name="HighFrequencyFactor"/>.</param>
/// <param name="HighFrequencyFactor">Waves in the old context from which a wave is fast.</param>
/// <param name="OriginalMaxPositions">The old context, in tokens.</param>
public sealed record Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, long OriginalMaxPositions)
{
    internal float Scale(float frequency)
    {
        // float32 as in Hugging Face.
        float wave = (float)(2 * Math.PI) / frequency;
        if (wave < OriginalMaxPositions / HighFrequencyFactor) return frequency;
        if (wave > OriginalMaxPositions / LowFrequencyFactor) return frequency / (float)Factor;
        float smooth = (OriginalMaxPositions / wave - (float)LowFrequencyFactor) / (float)(HighFrequencyFactor - LowFrequencyFactor);
        return (1 - smooth) * frequency / (float)Factor + smooth * frequency;
    }
}
