using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>Trains a small model for long and compares memory and live tensors between an early and the last step.</summary>
internal static class LeakCheck
{
    public const double AllowedGrowthMB = 1;

    private const int From = 50, Steps = 2_000;

    public static LeakReport Run(Progress progress)
    {
        // All phases of a run: warm-up, budgeting with its allocations, and the final phase.
        var recipe = new Recipe { TotalSteps = From + Steps, InitialWarmup = 200, FinalWarmup = 600 };
        using var weights = new FrozenWeights(StackShape.Leak);
        using var arena = new ArenaVariant(Variant.ArenaAdaLoRA, weights, recipe, AdapterMethod.AdaLoRA);
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
