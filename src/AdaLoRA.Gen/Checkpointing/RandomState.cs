using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Checkpointing;

/// <summary>What the random numbers of a checkpoint's body start from, so that it draws the same ones again.</summary>
internal sealed class RandomState : IDisposable
{
    private readonly Tensor _cpu;
    private readonly long? _cudaSeed;

    private RandomState(Tensor cpu, long? cudaSeed) => (_cpu, _cudaSeed) = (cpu, cudaSeed);

    /// <summary>Reads the CPU's generator. CUDA's, which TorchSharp cannot read, are seeded with a number drawn from it.</summary>
    /// <param name="onCuda">Whether the body computes on CUDA.</param>
    public static RandomState Capture(bool onCuda)
    {
        long? seed = null;
        if (onCuda)
        {
            using var drawn = randint(long.MaxValue, 1, dtype: ScalarType.Int64, device: CPU);
            seed = drawn.item<long>();
            cuda.manual_seed_all(seed.Value);
        }
        return new RandomState(Read(), seed);
    }

    /// <summary>Whether the body may have drawn since.</summary>
    public bool MayHaveMoved()
    {
        if (_cudaSeed is not null) return true;
        using var now = Read();
        return !now.bytes.SequenceEqual(_cpu.bytes);
    }

    /// <summary>Runs a body from this state, and leaves the generators as if it had not run.</summary>
    public T Replay<T>(Func<T> body)
    {
        using var generator = Generator.Default;
        using var now = Read();
        generator.set_state(_cpu);
        if (_cudaSeed is { } seed) cuda.manual_seed_all(seed);
        try
        {
            return body();
        }
        finally
        {
            generator.set_state(now);
            // Not what it was, but a state that follows from the CPU's: a resumed run comes by the same one.
            if (_cudaSeed is { } before) cuda.manual_seed_all(before ^ 0x5851F42D4C957F2D);
        }
    }

    public void Dispose() => _cpu.Dispose();

    private static Tensor Read()
    {
        using var generator = Generator.Default;
        return generator.get_state().DetachFromDisposeScope();
    }
}
