using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Adapters;

/// <summary>First values of the factors, from one random stream per target: a hash of seed and path, so that adding a target changes no other.</summary>
internal static class FactorInitializer
{
    /// <summary>AdaLoRA, as PEFT: A, B ~ N(0, 0.02²), E = 0.</summary>
    public static (Tensor A, Tensor B) AdaLoRA(Adapter adapter, int seed)
    {
        using var generator = new Generator(StreamSeed(seed, adapter.Path));
        using var deviation = 0.02.ToScalar();
        return (randn([adapter.InitialRank, adapter.InFeatures], generator: generator).mul_(deviation),
            randn([adapter.OutFeatures, adapter.InitialRank], generator: generator).mul_(deviation));
    }

    /// <summary>LoRA, as PEFT: A ~ U(−1/√in, 1/√in) (kaiming_uniform with a = √5), B = 0.</summary>
    public static (Tensor A, Tensor B) LoRA(Adapter adapter, int seed)
    {
        using var generator = new Generator(StreamSeed(seed, adapter.Path));
        double bound = 1 / Math.Sqrt(adapter.InFeatures);
        using Scalar width = (2 * bound).ToScalar(), half = bound.ToScalar();
        return (rand([adapter.InitialRank, adapter.InFeatures], generator: generator).mul_(width).sub_(half),
            zeros(adapter.OutFeatures, adapter.InitialRank));
    }

    /// <summary>FNV-1a over the path, finished by SplitMix64: neighbouring seeds give unrelated streams.</summary>
    internal static ulong StreamSeed(int seed, string path)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in path) hash = (hash ^ c) * 1099511628211;
        ulong z = unchecked(hash + (ulong)seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
