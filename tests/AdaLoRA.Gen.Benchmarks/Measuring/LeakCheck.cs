using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>Trains a small model for long and compares memory and live tensors between an early and the last step.</summary>
internal static class LeakCheck
{
    public const double AllowedGrowthMB = 1;

    private const int From = 50, Steps = 2_000, Rounds = 4;

    /// <summary>
    /// A leak grows in every round; what a process does once does not: methods compiled to their last tier, pages of libraries first touched, the collector's young generation.
    /// So the round that grew least counts, and the first one within bounds ends the check.
    /// </summary>
    public static LeakReport Run(Progress progress)
    {
        using var weights = new FrozenWeights(StackShape.Leak);
        LeakReport? best = null;
        for (int round = 1; round <= Rounds && best is not { Ok: true }; round++)
        {
            var report = Round(weights, round, progress);
            if (best is null || report.GrowthMB < best.GrowthMB) best = report;
        }
        return best!;
    }

    private static LeakReport Round(FrozenWeights weights, int round, Progress progress)
    {
        using var arena = Create(weights, From + Steps);
        for (int step = 1; step <= From; step++) arena.Step(step);
        double before = ResidentMB();
        long live = torch.Tensor.TotalCount, mostLive = live, managed = 0;
        for (int step = From + 1; step <= From + Steps; step++)
        {
            managed += arena.Step(step).ManagedBytes;
            mostLive = Math.Max(mostLive, torch.Tensor.TotalCount);
            progress.Report($"leak: round {round}, step {step - From} of {Steps}");
        }
        double growth = ResidentMB() - before;
        return new LeakReport(Steps, growth, AllowedGrowthMB, live, mostLive, managed / Steps, growth <= AllowedGrowthMB && mostLive == live);
    }

    // The default phases: warm-up, budgeting with its allocations, final phase.
    private static ArenaVariant Create(FrozenWeights weights, int steps) =>
        new(Variant.ArenaAdaLoRA, weights, new Recipe { TotalSteps = steps, InitialWarmup = steps / 10, FinalWarmup = steps / 2 }, AdapterMethod.AdaLoRA);

    private static double ResidentMB()
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.WorkingSet64 / 1e6;
    }
}

/// <summary>What <see cref="LeakCheck"/> found; memory in megabytes, managed garbage in bytes a step.</summary>
internal sealed record LeakReport(int Steps, double GrowthMB, double AllowedMB, long LiveTensors, long MostLiveTensors, long ManagedBytesPerStep, bool Ok);
