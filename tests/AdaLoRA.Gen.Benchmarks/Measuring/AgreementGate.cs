using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Stack;
using AdaLoRA.Gen.Benchmarks.Variants;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>
/// Before anything is timed: PEFT's operations and ours, from the same factors, must keep the same triplets at every step and arrive at the same Λ. A ratio between two
/// programs that compute different things means nothing.
/// </summary>
internal static class AgreementGate
{
    /// <summary>Largest difference of Λ relative to the largest |λ|; both run in fp32.</summary>
    public const double Tolerance = 1e-3;

    private static readonly Recipe Recipe = new() { TotalSteps = 40, InitialWarmup = 5, FinalWarmup = 10, Interval = 5 };

    public static Agreement Check(Progress progress)
    {
        using var weights = new FrozenWeights(StackShape.Agreement);
        using var peft = new PeftAdaLoRAVariant(weights, Recipe);
        using var arena = new ArenaVariant(Variant.ArenaAdaLoRA, weights, Recipe, AdapterMethod.AdaLoRA);
        Copy(peft, arena, weights.Shape.Targets);
        double worst = 0;
        int kept = 0;
        for (int step = 1; step <= Recipe.TotalSteps; step++)
        {
            peft.Step(step);
            arena.Step(step);
            progress.Report($"agreement: step {step} of {Recipe.TotalSteps}");
            double difference = 0, largest = 0;
            kept = 0;
            for (int i = 0; i < weights.Shape.Targets; i++)
            {
                if (!arena.Kept(i).SequenceEqual(peft.Kept(i))) return new Agreement(false, worst, kept, $"step {step}: {Encoder.PathOf(i)} keeps other triplets than PEFT's operations do");
                kept += arena.Kept(i).Count(k => k);
                float[] expected = Values(peft.Layers[i].E), actual = Values(arena.AdapterOf(i).lora_E!);
                largest = Math.Max(largest, expected.Max(Math.Abs));
                difference = Math.Max(difference, expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max());
            }
            // In the first steps Λ is as small as a step, and Adam turns rounding into steps wherever a gradient is as small as its epsilon.
            if (step > Recipe.InitialWarmup) worst = Math.Max(worst, difference / largest);
        }
        bool agree = worst <= Tolerance;
        return new Agreement(agree, worst, kept, agree ? "" : $"Λ differs by {worst:e1} of its largest value from what PEFT's operations give; {Tolerance:e0} is allowed");
    }

    private static void Copy(PeftAdaLoRAVariant peft, ArenaVariant arena, int targets)
    {
        using var _ = no_grad();
        for (int i = 0; i < targets; i++)
        {
            arena.AdapterOf(i).lora_A.copy_(peft.Layers[i].A);
            arena.AdapterOf(i).lora_B.copy_(peft.Layers[i].B);
        }
        arena.Refold();
    }

    private static float[] Values(Parameter parameter)
    {
        using var scope = NewDisposeScope();
        return [.. parameter.detach().contiguous().view(-1).data<float>()];
    }
}

/// <summary>The outcome of the gate.</summary>
internal sealed record Agreement(bool Ok, double LargestDifference, int Kept, string Problem);
