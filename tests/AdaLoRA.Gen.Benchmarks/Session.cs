using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Variants;

namespace AdaLoRA.Gen.Benchmarks;

/// <summary>A run from the gate to the verdicts.</summary>
internal static class Session
{
    /// <summary>Measures every shape that a wanted bar needs.</summary>
    /// <returns>Null when no bar's name contains <paramref name="filter"/>.</returns>
    public static Report? Run(string filter, bool quick, int? rounds, Progress progress)
    {
        Bar[] bars = [.. Bar.All.Where(b => b.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (bars.Length == 0) return null;
        var agreement = AgreementGate.Check(progress);
        if (!agreement.Ok) return new Report(agreement, [], []);
        var measurements = new List<Measurement>();
        var verdicts = new List<Verdict>();
        foreach (var group in bars.GroupBy(b => b.Shape))
        {
            string[] variants = [.. Variant.Names.Where(name => group.Any(b => b.Numerator == name || b.Denominator == name))];
            var measurement = InterleavedRun.Measure(group.Key, variants, EffortFor(group.Key.Hidden, quick, rounds), progress);
            measurements.Add(measurement);
            verdicts.AddRange(group.Select(b => b.Judge(measurement)));
        }
        return new Report(agreement, measurements, verdicts);
    }

    // A round of the large shape takes seconds, one of the small shapes a tenth: the large one gets more time for fewer rounds.
    private static Effort EffortFor(int hidden, bool quick, int? rounds) => (hidden >= 512, quick) switch
    {
        (true, true) => new Effort(Warmup: 2, TimeSpan.FromSeconds(60), AtLeast: 7, rounds),
        (true, false) => new Effort(Warmup: 5, TimeSpan.FromSeconds(300), AtLeast: 30, rounds),
        (false, true) => new Effort(Warmup: 10, TimeSpan.FromSeconds(20), AtLeast: 30, rounds),
        (false, false) => new Effort(Warmup: 20, TimeSpan.FromSeconds(90), AtLeast: 100, rounds),
    };
}
