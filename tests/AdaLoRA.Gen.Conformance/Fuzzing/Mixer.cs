namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>SplitMix64: input i of a seed is the same on every machine, in any order of inputs, and costs nothing to start.</summary>
internal sealed class Mixer
{
    private ulong _state;

    /// <param name="seed">The fuzz run's seed.</param>
    /// <param name="index">The input.</param>
    public Mixer(ulong seed, ulong index)
    {
        _state = seed * 0xD1342543DE82EF95;
        _state = Next() ^ index;
        Next();
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        ulong z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>From 0 to <paramref name="count"/> − 1.</summary>
    public int Below(int count) => (int)Math.BigMul(Next(), (ulong)count, out _);

    /// <summary>One of a list.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => Below(times) == 0;
}
