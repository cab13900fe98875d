namespace AdaLoRA.Gen.Hosting;

/// <summary>Seeds as pure functions of a run's seed and a position in it: TorchSharp can save no CUDA generator state, and a function needs none.</summary>
internal static class StepSeed
{
    /// <summary>Seed of attempt <paramref name="attempt"/>, from 1: well mixed, so that neighbouring runs and attempts share nothing.</summary>
    public static long Of(long seed, long attempt) => (long)(Mix(Mix((ulong)seed) ^ (ulong)attempt) >> 1);

    /// <summary>The finaliser of SplitMix64.</summary>
    public static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
