using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>Trains a small model for long and compares memory and live tensors between an early and the last step.</summary>
internal static class LeakCheck
{
    public const double AllowedGrowthMB = 1;

    private const int From = 50, Steps = 2_000, Discarded = 1_000;

    public static LeakReport Run(Progress progress)
    {
        using var weights = new FrozenWeights(StackShape.Leak);
        WarmUp(weights, progress);
        using var arena = Create(weights, From + Steps);
        for (int step = 1; step <= From; step++) arena.Step(step);
        double before = ResidentMB();
        long live = torch.Tensor.TotalCount, mostLive = live, managed = 0;
        for (int step = From + 1; step <= From + Steps; step++)
        {
            managed += arena.Step(step).ManagedBytes;
            mostLive = Math.Max(mostLive, torch.Tensor.TotalCount);
            progress.Report($"leak: step {step - From} of {Steps}");
        }
        double growth = ResidentMB() - before;
        return new LeakReport(Steps, growth, AllowedGrowthMB, live, mostLive, managed / Steps, growth <= AllowedGrowthMB && mostLive == live);
    }

    // The process itself grows once by some 10 MB, whatever trains in it: compiled code and the collector's young generation. A discarded run takes that out of the account.
    private static void WarmUp(FrozenWeights weights, Progress progress)
    {
        using var discarded = Create(weights, Discarded);
        for (int step = 1; step <= Discarded; step++)
        {
            discarded.Step(step);
            progress.Report($"leak: warm-up step {step} of {Discarded}");
        }
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
