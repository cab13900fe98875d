using static TorchSharp.torch;
using TorchSharp;

namespace AdaLoRA.Gen.Tests.Golden;

/// <summary>Trainings of PEFT, of the paper's own package and of Algorithm 1, replayed step for step.</summary>
public sealed class TraceTests
{
    public static TheoryData<string> AdaLoRATraces => ["peft_adamw", "peft_sgd", "peft_adamw_accum_clip", "loralib_adamw", "paper_adamw", "paper_sgd"];

    [Theory]
    [MemberData(nameof(AdaLoRATraces))]
    public void Float64_follows_the_trace_to_1e_10(string name)
    {
        using var trace = new TraceCase(name, ScalarType.Float64);
        int snapshots = 0;
        for (int t = 1; t <= trace.Steps; t++)
        {
            Assert.Equal(trace.ExpectedLoss(t), trace.Step(t), 1e-10);
            Assert.Equal(trace.ExpectedRegulariser(t)!.Value, trace.Set.Options.OrthogonalWeight * trace.Optimizer.Regulariser, 1e-10);
            if (trace.ExpectedGradientNorm(t) is { } norm) Assert.Equal(norm, trace.Optimizer.GradientNorm, 1e-10);
            Assert.Equal(trace.ExpectedBudget(t), trace.Optimizer.Budget);
            var (error, samePattern) = trace.CompareLambda(t);
            Assert.True(samePattern, $"step {t}: another pattern");
            Assert.True(error <= 1e-10, $"step {t}: λ is off by {error:e2}");
            var snapshot = trace.CompareSnapshot(t);
            Assert.True(snapshot.Error <= 1e-10, $"step {t}: a factor or average is off by {snapshot.Error:e2}");
            snapshots += snapshot.Compared;
        }
        Assert.True(snapshots >= 24 * 10, "the trace's snapshots were not found");
        Assert.Equal(0, trace.Optimizer.SkippedSteps);
    }

    [Theory]
    [MemberData(nameof(AdaLoRATraces))]
    public void Simd_tail_in_fp32_keeps_the_pattern_and_lambda_to_5e_4(string name)
    {
        using var trace = new TraceCase(name, ScalarType.Float32);
        AssertFollows(trace, 5e-4);
    }

    [Theory]
    [MemberData(nameof(AdaLoRATraces))]
    public void Aten_tail_in_fp32_keeps_the_pattern_and_lambda_to_5e_4(string name)
    {
        using var trace = new TraceCase(name, ScalarType.Float32);
        trace.UseAtenTail();
        AssertFollows(trace, 5e-4);
    }

    [Theory]
    [InlineData(ScalarType.Float64, 1e-10)]
    [InlineData(ScalarType.Float32, 5e-4)]
    public void Plain_LoRA_on_the_same_arena_follows_PEFT(ScalarType dtype, double tolerance)
    {
        using var trace = new TraceCase("lora_adamw", dtype);
        int snapshots = 0;
        for (int t = 1; t <= trace.Steps; t++)
        {
            Assert.Equal(trace.ExpectedLoss(t), trace.Step(t), tolerance);
            var (error, compared) = trace.CompareSnapshot(t);
            Assert.True(error <= tolerance, $"step {t}: a factor is off by {error:e2}");
            snapshots += compared;
        }
        Assert.Equal(3 * 16, snapshots);
    }

    /// <summary>The reference freezes its averages one step before the decisive ranking at T − t_f.</summary>
    [Fact]
    public void Reference_averages_do_not_move_at_the_decisive_step()
    {
        using var trace = new TraceCase("peft_adamw", ScalarType.Float64);
        int decisive = trace.Optimizer.Schedule!.DecisiveStep;
        for (int t = 1; t < decisive; t++) trace.Step(t);
        using var before = trace.Optimizer.State.Sensitivity!.clone();
        trace.Step(decisive);
        Assert.True(before.equal(trace.Optimizer.State.Sensitivity!).all().item<bool>());
    }

    private static void AssertFollows(TraceCase trace, double tolerance)
    {
        for (int t = 1; t <= trace.Steps; t++)
        {
            trace.Step(t);
            var (error, samePattern) = trace.CompareLambda(t);
            Assert.True(samePattern, $"step {t}: another pattern");
            Assert.True(error <= tolerance, $"step {t}: λ is off by {error:e2}");
        }
    }
}
