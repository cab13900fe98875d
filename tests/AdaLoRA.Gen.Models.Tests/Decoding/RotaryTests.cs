using AdaLoRA.Gen.Models;

namespace AdaLoRA.Gen.Models.Tests.Decoding;

/// <summary>Llama 3.1's stretching of positions, with its own numbers; the tiny model has no fast wave.</summary>
public sealed class RotaryTests
{
    private static readonly Llama3Scaling Llama31 = new(Factor: 8, LowFrequencyFactor: 1, HighFrequencyFactor: 4, OriginalMaxPositions: 8192);

    [Theory]
    [InlineData(100, 1)]
    [InlineData(2047, 1)]
    [InlineData(4096, 2.0 / 3 / 8 + 1.0 / 3)]
    [InlineData(8193, 1.0 / 8)]
    [InlineData(100000, 1.0 / 8)]
    public void Fast_waves_stay_slow_ones_slow_down_and_between_it_goes_over(double wave, double ratio)
    {
        double frequency = 2 * Math.PI / wave;
        Assert.Equal(ratio, Llama31.Scale((float)frequency) / frequency, 1e-6);
    }
}
