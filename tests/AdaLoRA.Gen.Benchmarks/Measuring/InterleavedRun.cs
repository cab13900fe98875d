using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>How long to measure.</summary>
/// <param name="Warmup">Rounds that are thrown away.</param>
/// <param name="Time">Rounds go on until it is up.</param>
/// <param name="AtLeast">Rounds even when the time is up before.</param>
/// <param name="Rounds">Exactly so many, whatever the time.</param>
internal readonly record struct Effort(int Warmup, TimeSpan Time, int AtLeast, int? Rounds = null);

/// <summary>Measures variants step by step in random order within one process.</summary>
internal static class InterleavedRun
{
    public static Measurement Measure(StackShape shape, IReadOnlyList<string> variants, Effort effort, Progress progress)
    {
        using var weights = new FrozenWeights(shape);
        var running = variants.Select(name => Variant.Create(name, weights, new Recipe())).ToArray();
        try
        {
            return new Measurement(shape, Run(shape, running, effort, progress));
        }
        finally
        {
            foreach (var variant in running) variant.Dispose();
        }
    }

    private static Dictionary<string, List<StepSample>> Run(StackShape shape, Variant[] variants, Effort effort, Progress progress)
    {
        var random = new Random(5);
        var samples = variants.ToDictionary(v => v.Name, _ => new List<StepSample>());
        var watch = Stopwatch.StartNew();
        for (int step = 1; ; step++)
        {
            random.Shuffle(variants);
            foreach (var variant in variants)
            {
                var sample = variant.Step(step);
                if (step > effort.Warmup) samples[variant.Name].Add(sample);
            }
            if (step == effort.Warmup) watch.Restart();
            int rounds = step - effort.Warmup;
            progress.Report($"{shape.Name}: {(rounds < 1 ? "warm-up" : effort.Rounds is { } all ? $"round {rounds} of {all}" : $"round {rounds}, {watch.Elapsed.TotalSeconds:F0} of {effort.Time.TotalSeconds:F0} s")}");
            if (rounds >= (effort.Rounds ?? effort.AtLeast) && (effort.Rounds is not null || watch.Elapsed >= effort.Time)) return samples;
        }
    }
}
