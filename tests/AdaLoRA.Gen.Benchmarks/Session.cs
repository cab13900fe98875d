using System.Collections.Concurrent;
using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Bars;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;

namespace AdaLoRA.Gen.Benchmarks;

/// <summary>A run from the gate to the verdicts.</summary>
internal static class Session
{
    // Of the five minutes that --quick has; the rest is reserve for a last round that takes longer.
    private const double QuickLimit = 270;

    public static Worker<string, Agreement> Gate { get; } = new("agreement", device =>
    {
        NativeThreads.Configure(1);
        return AgreementGate.Check(device);
    });

    /// <summary>Runs every group that the options want: first those without times, side by side and with the gate, then the timed ones, each alone.</summary>
    /// <returns>Null when the options want nothing.</returns>
    public static Report? Run(RunOptions options)
    {
        var watch = Stopwatch.StartNew();
        BarGroup[] wanted = [.. BarGroups.All.Where(options.Wants)];
        if (wanted.Length == 0) return null;
        Agreement? agreement = null;
        var results = new ConcurrentDictionary<BarGroup, GroupResult>();
        Action[] untimed = [() => agreement = Check(options), .. wanted.Where(g => !g.IsTimed).Select(g => (Action)(() => results[g] = Measure(g, options)))];
        Parallel.Invoke(new ParallelOptions { MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) }, untimed);
        if (agreement!.Ok)
        {
            double planned = wanted.Where(g => g.IsTimed).Sum(g => g.QuickSeconds);
            foreach (var group in wanted.Where(g => g.IsTimed))
            {
                results[group] = Measure(group, options with { Pace = Math.Clamp((QuickLimit - watch.Elapsed.TotalSeconds) / planned, 0.1, 1) });
                planned -= group.QuickSeconds;
            }
        }
        var found = wanted.Where(results.ContainsKey).Select(g => (Group: g, Result: results[g])).ToArray();
        return new Report(agreement, options.Device,
            [.. found.SelectMany(f => f.Result.Verdicts.Where(v => options.Wants(v.Name) || options.Wants(f.Group.Name)))], [.. found.SelectMany(f => f.Result.Tables)], watch.Elapsed);
    }

    private static Agreement Check(RunOptions options)
    {
        try
        {
            return Gate.Run(options.Device).Result;
        }
        catch (WorkerException failure)
        {
            return new Agreement(false, double.NaN, 0, failure.Message);
        }
    }

    private static GroupResult Measure(BarGroup group, RunOptions options)
    {
        Console.Error.WriteLine($"{group.Name} …");
        try
        {
            return group.Run(options);
        }
        catch (WorkerException failure)
        {
            // The others can still be measured; a part of the study has no bar to fail, so it fails under its own name.
            return new GroupResult([.. (group.Bars.Count > 0 ? group.Bars : [group.Name]).Select(bar => Verdict.Failed(bar, failure.Message))], []);
        }
    }
}
