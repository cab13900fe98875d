using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Reporting;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>How long to measure.</summary>
/// <param name="Warmup">Rounds that are thrown away.</param>
/// <param name="Seconds">Rounds go on until they are up.</param>
/// <param name="AtLeast">Rounds even when the time is up before.</param>
/// <param name="Rounds">Exactly so many, whatever the time.</param>
internal sealed record Effort(int Warmup, double Seconds, int AtLeast, int? Rounds = null);

/// <summary>Measures several ways of doing the same, turn by turn in random order within one process.</summary>
internal static class InterleavedRun
{
    /// <param name="title">For the progress.</param>
    /// <param name="ways">Each takes the number of the round, from 1, and gives what it measured.</param>
    /// <param name="effort">How long.</param>
    /// <param name="first">Number of the first round.</param>
    /// <returns>The samples of each way, in rounds: equal positions were measured side by side.</returns>
    public static Dictionary<string, List<T>> Measure<T>(string title, IReadOnlyDictionary<string, Func<int, T>> ways, Effort effort, int first = 1)
    {
        var random = new Random(5);
        var progress = new Progress();
        var order = ways.ToArray();
        var samples = ways.ToDictionary(w => w.Key, _ => new List<T>());
        var watch = Stopwatch.StartNew();
        for (int round = 1 - effort.Warmup; ; round++)
        {
            if (round == 1) watch.Restart();
            random.Shuffle(order);
            foreach (var (name, measure) in order)
            {
                var sample = measure(first + effort.Warmup + round - 1);
                if (round >= 1) samples[name].Add(sample);
            }
            progress.Report($"{title}: {(round < 1 ? "warm-up" : effort.Rounds is { } all ? $"round {round} of {all}" : $"round {round}, {watch.Elapsed.TotalSeconds:F0} of {effort.Seconds:F0} s")}");
            if (round >= (effort.Rounds ?? effort.AtLeast) && (effort.Rounds is not null || watch.Elapsed.TotalSeconds >= effort.Seconds)) return samples;
        }
    }
}
