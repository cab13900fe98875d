using static TorchSharp.torch;

namespace AdaLoRAHost._1;

/// <summary>Noisy waves of random frequency and phase, with their kinds; put your own data in their place.</summary>
internal sealed class Waves
{
    public const int Length = 64;

    private readonly Tensor _signals, _kinds;

    public Waves(int count, int seed)
    {
        var random = new Random(seed);
        float[] signals = new float[count * Length];
        long[] kinds = new long[count];
        for (int i = 0; i < count; i++)
        {
            kinds[i] = random.Next(Kinds.Count);
            double frequency = 1 + 2 * random.NextDouble(), phase = random.NextDouble();
            for (int t = 0; t < Length; t++) signals[i * Length + t] = Wave((int)kinds[i], frequency * t / Length + phase) + 0.2f * (random.NextSingle() - 0.5f);
        }
        _signals = tensor(signals, [count, Length]);
        _kinds = tensor(kinds);
        Count = count;
    }

    public static IReadOnlyList<string> Kinds { get; } = ["sine", "square", "sawtooth", "triangle"];

    public int Count { get; }

    /// <summary>All of it.</summary>
    public WaveBatch All(Device device) => new(_signals.to(device, copy: true), _kinds.to(device, copy: true));

    /// <summary>The examples with these indices.</summary>
    public WaveBatch Batch(ReadOnlySpan<int> examples, Device device)
    {
        using var index = tensor(examples.ToArray(), int64);
        using Tensor signals = _signals[index], kinds = _kinds[index];
        return new(signals.to(device, copy: true), kinds.to(device, copy: true));
    }

    private static float Wave(int kind, double turns)
    {
        double t = turns - Math.Floor(turns);
        return (float)(kind switch
        {
            0 => Math.Sin(2 * Math.PI * t),
            1 => t < 0.5 ? 1 : -1,
            2 => 2 * t - 1,
            _ => 4 * Math.Abs(t - 0.5) - 1,
        });
    }
}

/// <summary>Signals [B, <see cref="Waves.Length"/>] and the index of each one's kind [B].</summary>
internal sealed record WaveBatch(Tensor Signals, Tensor Kinds) : IDisposable
{
    public void Dispose()
    {
        Signals.Dispose();
        Kinds.Dispose();
    }
}
