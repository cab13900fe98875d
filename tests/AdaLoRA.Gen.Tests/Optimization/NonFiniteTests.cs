using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Optimization;

/// <summary>A step with a NaN is as if it had not been taken, whenever it comes and however late the host learns of it.</summary>
public sealed class NonFiniteTests
{
    private const int Steps = 12;

    public static TheoryData<string, int, int[]> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int[]>();
            foreach (string tail in (string[])["simd", "aten", "late"])
            {
                // Allocations at 3 … 8; 8 is the decisive step, after which averages stand still and the pattern is held.
                foreach (int interval in (int[])[1, 2, 3])
                {
                    for (int t = 1; t <= Steps; t++) cases.Add(tail, interval, [t]);
                    cases.Add(tail, interval, [7, 7]);
                    cases.Add(tail, interval, [8, 8, 8]);
                    cases.Add(tail, interval, [2, 3, 8, 9]);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_run_with_bad_batches_equals_the_run_without_them(string tail, int interval, int[] badBefore)
    {
        using var clean = new Trained(tail, interval);
        using var disturbed = new Trained(tail, interval);
        for (int t = 1; t <= Steps; t++)
        {
            foreach (int _ in badBefore.Where(b => b == t)) disturbed.Step(bad: true);
            clean.Step(bad: false);
            disturbed.Step(bad: false);
        }
        disturbed.Optimizer.Synchronize();
        Assert.Equal((Steps, (long)badBefore.Length), (disturbed.Optimizer.StepsCompleted, disturbed.Optimizer.SkippedSteps));
        Assert.Equal(clean.Everything(), disturbed.Everything());
        Assert.Equal(4, clean.Set.TotalRank);
    }

    [Theory]
    [InlineData("simd")]
    [InlineData("aten")]
    [InlineData("late")]
    public void Skipped_steps_in_a_row_are_counted_and_one_good_step_ends_them(string tail)
    {
        using var run = new Trained(tail, 2);
        for (int i = 0; i < 11; i++) run.Step(bad: true);
        // Late: the last one is not known yet.
        Assert.Equal(tail == "late" ? 10 : 11, run.Optimizer.SkippedInARow);
        run.Step(bad: false);
        run.Optimizer.Synchronize();
        Assert.Equal((0L, 11L, 1), (run.Optimizer.SkippedInARow, run.Optimizer.SkippedSteps, run.Optimizer.StepsCompleted));
    }

    /// <summary>An infinite gradient in the head alone stops the adapters, too: one step is one step.</summary>
    [Theory]
    [InlineData("simd")]
    [InlineData("aten")]
    public void A_bad_gradient_of_a_trained_module_counts(string tail)
    {
        using var run = new Trained(tail, 2);
        run.Step(bad: false);
        byte[] before = run.Everything();
        run.Backward(bad: false);
        using (no_grad()) run.Model.get_parameter("head.weight")!.grad![0, 0] = float.PositiveInfinity;
        run.Optimizer.step();
        Assert.Equal(before, run.Everything());
        Assert.Equal(1, run.Optimizer.SkippedSteps);
    }

    private sealed class Trained : IDisposable
    {
        private readonly Generator _data = new(11);

        public Trained(string tail, int interval)
        {
            using (var g = no_grad())
            {
                Model = new Mlp();
                using var generator = new Generator(5);
                foreach (var p in Model.parameters()) p.normal_(0, 0.3, generator);
            }
            var options = Mlp.Options;
            options.Interval = interval;
            Set = AdapterSet.Attach(Model, options);
            var configured = new AdaLoRAOptimizerOptions { LearningRate = 1e-2, MaxGradNorm = 0.5, WeightDecay = 0.01 };
            Optimizer = tail == "simd" ? Set.CreateOptimizer(Steps, 1e-2, o => (o.MaxGradNorm, o.WeightDecay) = (0.5, 0.01)) : Set.CreateAtenOptimizer(Steps, configured, late: tail == "late");
        }

        public Mlp Model { get; }

        public AdapterSet Set { get; }

        public AdaLoRAOptimizer Optimizer { get; }

        public void Step(bool bad)
        {
            Backward(bad);
            // A schedule by the step that the optimizer believes to take: what a trainer does.
            int t = Optimizer.StepsCompleted + 1;
            (Optimizer.LearningRate, Optimizer.TrainableLearningRate) = (1e-2 / t, 2e-2 * (Steps - t));
            Optimizer.step();
        }

        public void Backward(bool bad)
        {
            using var scope = NewDisposeScope();
            var x = bad ? full([9, 12], float.NaN) : randn([9, 12], generator: _data);
            (Model.call(x) - x.narrow(1, 0, 3)).square().mean().backward();
        }

        public byte[] Everything()
        {
            var state = Optimizer.State;
            return [.. new[] { Set.Arena.P, Set.Arena.AE, Set.Arena.Mask, state.M, state.V, state.Sensitivity, state.Uncertainty, state.Applied, Model.get_parameter("head.weight"), Model.get_parameter("head.bias") }
                .SelectMany(t => t!.detach().bytes.ToArray())];
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            Model.Dispose();
            _data.Dispose();
        }
    }
}
