using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>
/// Before anything is timed: PEFT's operations and ours, from the same factors, must keep the same triplets at every step and arrive at the same Λ, and for plain LoRA at the same B. A ratio
/// between two programs that compute different things means nothing.
/// </summary>
internal static class AgreementGate
{
    /// <summary>Largest difference relative to the largest value; both run in fp32.</summary>
    public const double Tolerance = 1e-3;

    private static readonly Recipe Recipe = new() { TotalSteps = 40, InitialWarmup = 5, FinalWarmup = 10, Interval = 5 };

    public static Agreement Check(string where)
    {
        using var weights = new FrozenWeights(StackShape.Agreement, TorchSharp.torch.device(where));
        var adaptive = AdaLoRA(weights);
        if (!adaptive.Ok) return adaptive;
        var plain = LoRA(weights);
        return plain.Ok ? adaptive with { LargestDifference = Math.Max(adaptive.LargestDifference, plain.LargestDifference) } : plain;
    }

    private static Agreement AdaLoRA(FrozenWeights weights)
    {
        using var peft = new PeftAdaLoRAVariant(weights, Recipe);
        using var arena = new ArenaVariant(Variant.ArenaAdaLoRA, weights, Recipe, AdapterMethod.AdaLoRA);
        Copy(arena, i => (peft.Layers[i].A, peft.Layers[i].B), weights.Shape.Targets);
        double worst = 0;
        int kept = 0;
        for (int step = 1; step <= Recipe.TotalSteps; step++)
        {
            peft.Step(step);
            arena.Step(step);
            kept = 0;
            for (int i = 0; i < weights.Shape.Targets; i++)
            {
                if (!arena.Kept(i).SequenceEqual(peft.Kept(i))) return new Agreement(false, worst, kept, $"step {step}: {Encoder.PathOf(i)} keeps other triplets than PEFT's operations do");
                kept += arena.Kept(i).Count(k => k);
            }
            // In the first steps Λ is as small as a step, and Adam turns rounding into steps wherever a gradient is as small as its epsilon.
            if (step > Recipe.InitialWarmup) worst = Math.Max(worst, Difference(weights, i => (peft.Layers[i].E, arena.AdapterOf(i).lora_E!)));
        }
        return Judge(worst, kept, "Λ");
    }

    private static Agreement LoRA(FrozenWeights weights)
    {
        using var peft = new PeftLoRAVariant(weights, Recipe);
        using var arena = new ArenaVariant(Variant.ArenaLoRA, weights, Recipe, AdapterMethod.LoRA);
        Copy(arena, i => (peft.Layers[i].A, peft.Layers[i].B), weights.Shape.Targets);
        double worst = 0;
        for (int step = 1; step <= Recipe.TotalSteps / 2; step++)
        {
            peft.Step(step);
            arena.Step(step);
            if (step > Recipe.InitialWarmup) worst = Math.Max(worst, Difference(weights, i => (peft.Layers[i].B, arena.AdapterOf(i).lora_B)));
        }
        return Judge(worst, 0, "B of plain LoRA");
    }

    private static Agreement Judge(double worst, int kept, string what)
    {
        bool agree = worst <= Tolerance;
        return new Agreement(agree, worst, kept, agree ? "" : $"{what} differs by {worst:e1} of its largest value from what PEFT's operations give; {Tolerance:e0} is allowed");
    }

    /// <summary>Largest difference over all targets, relative to the largest value over all.</summary>
    private static double Difference(FrozenWeights weights, Func<int, (Parameter Expected, Parameter Actual)> pair)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        double difference = 0, largest = 0;
        for (int i = 0; i < weights.Shape.Targets; i++)
        {
            var (expected, actual) = pair(i);
            largest = Math.Max(largest, expected.abs().max().item<float>());
            difference = Math.Max(difference, (expected - actual).abs().max().item<float>());
        }
        return difference / largest;
    }

    private static void Copy(ArenaVariant arena, Func<int, (Parameter A, Parameter B)> from, int targets)
    {
        using var _ = no_grad();
        for (int i = 0; i < targets; i++)
        {
            var (a, b) = from(i);
            arena.AdapterOf(i).lora_A.copy_(a);
            arena.AdapterOf(i).lora_B.copy_(b);
        }
        arena.Refold();
    }
}

/// <summary>The outcome of the gate.</summary>
internal sealed record Agreement(bool Ok, double LargestDifference, int Kept, string Problem);
