using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>Takes a few small steps with <see cref="FusedAdamW"/> and compares them with the formula, computed here in float64.</summary>
internal static class FusedAdamWCheck
{
    // Not multiples of a vector's width, so that the loop's remainder is seen, too.
    private static readonly int[] Lengths = [37, 5];

    private static readonly UpdateRule Rule = new(OptimizerKind.AdamW, 0.8, 0.95, 1e-3, 0, 0, 0);

    /// <summary>Whether fp32 and float64 come out right on a device, and a skipped step leaves every bit.</summary>
    public static bool Passes(Device device) => Passes(device, ScalarType.Float32, 1e-5) && Passes(device, ScalarType.Float64, 1e-12);

    private static bool Passes(Device device, ScalarType dtype, double tolerance)
    {
        const double learningRate = 0.0625, weightDecay = 0.125;
        const int step = 3;
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var parts = Lengths.Select(n => new AdamPart(Wave(n, 1), Wave(n, 2), Wave(n, 3), Wave(n, 4).abs())).ToList();
        double[][] before = Read(parts);
        var t = tensor((float)step, device: device);
        FusedAdamW.Step(parts, t, Rule, learningRate, weightDecay, tensor(1f, device: device));
        if (!before.Zip(Read(parts), (a, b) => a.AsSpan().SequenceEqual(b)).All(same => same)) return false;
        FusedAdamW.Step(parts, t, Rule, learningRate, weightDecay, tensor(0f, device: device));
        double[][] after = Read(parts);
        for (int i = 0; i < before.Length; i++)
        {
            double[] expected = Expected(before[i], learningRate, weightDecay, step);
            for (int k = 0; k < expected.Length; k++)
            {
                if (!(Math.Abs(after[i][k] - expected[k]) <= tolerance)) return false;
            }
        }
        return true;

        Tensor Wave(int length, int phase) => tensor(Enumerable.Range(0, length).Select(i => Math.Sin(i * 0.7 + phase)).ToArray(), dtype: dtype, device: device);
    }

    /// <summary>p, g, m and v one after the other.</summary>
    private static double[] Expected(double[] x, double learningRate, double weightDecay, int step)
    {
        int n = x.Length / 4;
        double[] result = [.. x];
        for (int i = 0; i < n; i++)
        {
            double p = x[i], g = x[n + i], m = x[2 * n + i] * Rule.Beta1 + g * (1 - Rule.Beta1), v = x[3 * n + i] * Rule.Beta2 + g * g * (1 - Rule.Beta2);
            double root = Math.Sqrt(v) / Math.Sqrt(1 - Math.Pow(Rule.Beta2, step)) + Rule.Epsilon;
            result[i] = p * (1 - learningRate * weightDecay) - learningRate / (1 - Math.Pow(Rule.Beta1, step)) * m / root;
            (result[2 * n + i], result[3 * n + i]) = (m, v);
        }
        return result;
    }

    private static double[][] Read(List<AdamPart> parts) => [.. parts.Select(p => cat([p.P, p.G, p.M!, p.V!]).to(ScalarType.Float64).cpu().data<double>().ToArray())];
}
