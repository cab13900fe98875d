using AdaLoRA.Gen.Arena;
using AdaLoRA.Gen.Benchmarks.Launches;
using AdaLoRA.Gen.Benchmarks.Measuring;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Arena;

/// <summary>What the ATen tail asks of libtorch, call by call. Calls are counted in the whole process, so nothing may run beside it.</summary>
[Collection("alone")]
public sealed class AtenTailTests
{
    /// <summary>Operators whose result the host must have before it can go on.</summary>
    private static readonly string[] Questions =
        ["aten::item", "aten::_local_scalar_dense", "aten::is_nonzero", "aten::nonzero", "aten::equal", "aten::allclose", "aten::unique2", "aten::masked_select", "aten::index", "aten::bincount"];

    private static AtenTail Create(AdapterArena arena, TrainingState state, TrainableParameters trainable, Ranking ranking, bool late, bool fused) => new(arena, state, trainable, ranking, late, fused);

    /// <summary>libtorch's own answers to the host. What TorchSharp reads by itself leaves no record: <see cref="DeviceReadTests"/> looks for that.</summary>
    [Theory]
    [InlineData(false, Fidelity.Reference)]
    [InlineData(true, Fidelity.Reference)]
    [InlineData(true, Fidelity.Paper)]
    public void A_step_and_an_allocation_ask_the_device_nothing(bool late, Fidelity fidelity)
    {
        using var rig = new TailRig(12, 16, (a, s, t, r) => Create(a, s, t, r, late, fused: false), headed: true);
        rig.Backward();
        rig.Step();
        for (int round = 0; round < 2; round++)
        {
            rig.Backward();
            var calls = AtenCalls.Count(() => rig.Step(round == 0 ? null : 100, p => Everything(p, late) with { Fidelity = fidelity }));
            Assert.NotEqual(0, calls.Launches);
            Assert.All(Questions, q => Assert.False(calls.ByName.ContainsKey(q), q));
        }
        Assert.Equal(100, rig.Living);
    }

    /// <summary>libtorch's own AdamW on the CPU reads the number of the step, once a tensor; on a device its kernel does.</summary>
    [Fact]
    public void The_one_value_read_is_the_fused_kernels_own_on_the_CPU()
    {
        using var rig = new TailRig(12, 16, (a, s, t, r) => Create(a, s, t, r, late: false, fused: true));
        Assert.True(FusedAdamW.RunsOn(CPU), "this libtorch has no fused AdamW that agrees with the formula");
        rig.Backward();
        rig.Step();
        rig.Backward();
        var calls = AtenCalls.Count(() => rig.Step(100));
        Assert.Equal((1, 1), (calls.ByName["aten::_fused_adamw_"], calls.Reads));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    [InlineData(true, true, true)]
    public void Launches_do_not_depend_on_the_number_of_adapters(bool late, bool fused, bool headed)
    {
        var counts = new[] { 6, 72, 1_152 }.Select(n => TailLaunches.Of(n, late, fused, headed)).ToArray();
        Assert.All(counts, c => Assert.Equal(counts[0], c));
        // 15 a block and 20 besides is the promise; two blocks. The counter sees composites and conversions of the CPU, too, and a trained layer has two tensors of its own.
        Assert.InRange(counts[0].Step, 1, (fused ? 50 : 66) + (headed ? 16 : 0));
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-6, false)]
    [InlineData(ScalarType.Float32, 2e-6, true)]
    [InlineData(ScalarType.Float64, 1e-13, false)]
    [InlineData(ScalarType.Float64, 1e-13, true)]
    public void The_fused_kernel_and_the_formula_agree(ScalarType dtype, double tolerance, bool late)
    {
        using var fused = new TailRig(12, 16, (a, s, t, r) => Create(a, s, t, r, late, fused: true), dtype, headed: true);
        using var formula = new TailRig(12, 16, (a, s, t, r) => Create(a, s, t, r, late, fused: false), dtype, headed: true);
        for (int t = 1; t <= 12; t++)
        {
            foreach (var rig in new[] { fused, formula })
            {
                rig.Backward();
                // Every part by a rate of its own, and rates that change where nobody knows yet which one holds.
                rig.Step(t % 4 == 0 ? 100 : null, p => Unknown(p, late) with { RatioB = 4, LearningRate = new Rate(1e-3 * t, 1e-3 * (t - 1)), Rule = p.Rule with { LambdaDecay = 0 } });
            }
        }
        using var scope = NewDisposeScope();
        foreach (var (one, other) in new[] { (fused.Arena.P, formula.Arena.P), (fused.State.M!, formula.State.M!), (fused.State.V!, formula.State.V!), (fused.Arena.Mask, formula.Arena.Mask) })
        {
            Assert.InRange((one - other).abs().max().to(ScalarType.Float64).item<double>(), 0, tolerance);
        }
    }

    /// <summary>Bit for bit, with either form of the rule, whatever is not finite.</summary>
    [Theory]
    [InlineData(false, false, double.NaN)]
    [InlineData(false, true, double.NaN)]
    [InlineData(true, true, double.NegativeInfinity)]
    [InlineData(true, false, 3e38)]
    public void A_skipped_step_leaves_every_bit(bool late, bool fused, double poison)
    {
        using var rig = new TailRig(12, 16, (a, s, t, r) => Create(a, s, t, r, late, fused), headed: true);
        rig.Backward();
        rig.Step();
        byte[] before = rig.Everything();
        rig.Backward();
        using (no_grad()) rig.Arena.G!.narrow(0, rig.Arena.Layout.Total - 50, 2).fill_(poison);
        rig.Step(100, p => Unknown(p, late) with { MaxGradNorm = 0.5, LearningRate = new Rate(1e-3, 2e-3) });
        Assert.Equal(before, rig.Everything());
        Assert.Equal(new StepCount(2, 1), rig.Tail.Synchronize());
    }

    // All that a step can be asked to do.
    private static StepPlan Everything(StepPlan plan, bool late) => Unknown(plan, late) with { MaxGradNorm = 0.5, RatioB = 4, LearningRate = new Rate(1e-3, 2e-3) };

    private static StepPlan Unknown(StepPlan plan, bool late) => late ? plan with { IfLastWasSkipped = plan.Point with { Step = plan.Point.Step - 1, AllocateTo = null } } : plan;
}
