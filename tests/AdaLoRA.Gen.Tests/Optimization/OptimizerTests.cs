using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Optimization;

public sealed class OptimizerTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Exactly_the_budget_lives_after_the_run(ScalarType dtype)
    {
        using var run = new Run(dtype);
        for (int t = 1; t <= 12; t++)
        {
            run.Step();
            Assert.Equal(run.Optimizer.Schedule!.IsAllocationStep(t) ? run.Optimizer.Budget : run.Set.TotalRank, run.Set.TotalRank);
        }
        Assert.Equal(4, run.Set.TotalRank);
        int alive = run.Set.Adapters.Sum(a => (int)a.lora_E!.ne(0).sum().item<long>());
        Assert.Equal(4, alive);
    }

    [Fact]
    public void A_budget_of_the_initial_total_removes_nothing()
    {
        using var run = new Run(ScalarType.Float32, o => o.Budget = 8);
        run.Steps(12);
        Assert.Equal(8, run.Set.TotalRank);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void A_gradient_that_is_not_finite_changes_nothing_and_is_counted(ScalarType dtype)
    {
        using var run = new Run(dtype);
        run.Steps(3);
        var before = run.Everything();
        run.Step(poison: true);
        Assert.Equal(before, run.Everything());
        Assert.Equal(1, run.Optimizer.SkippedSteps);
        Assert.Equal((3, 1L), (run.Optimizer.StepsCompleted, run.Optimizer.SkippedInARow));
        run.Steps(9);
        Assert.Equal((12, 1L, 0L), (run.Optimizer.StepsCompleted, run.Optimizer.SkippedSteps, run.Optimizer.SkippedInARow));
        Assert.Equal(4, run.Set.TotalRank);
        Assert.True(double.IsFinite(run.Optimizer.GradientNorm));
    }

    [Fact]
    public void Clipping_covers_adapters_and_trained_modules_together()
    {
        using var free = new Run(ScalarType.Float64, kind: OptimizerKind.Sgd);
        using var clipped = new Run(ScalarType.Float64, kind: OptimizerKind.Sgd, clip: 1e-3);
        free.Step();
        clipped.Step();
        Assert.Equal(free.Optimizer.GradientNorm, clipped.Optimizer.GradientNorm, 1e-12);
        double ratio = 1e-3 / (free.Optimizer.GradientNorm + 1e-6);
        Assert.True(ratio < 1);
        using var start = new Run(ScalarType.Float64);
        double Moved(Run r) => (r.Head() - start.Head()).norm().item<double>();
        Assert.Equal(ratio, Moved(clipped) / Moved(free), 1e-6);
    }

    [Fact]
    public void Simd_and_aten_tails_agree_with_odd_lengths_clipping_and_a_head()
    {
        using var simd = new Run(ScalarType.Float32, clip: 0.5);
        using var aten = new Run(ScalarType.Float32, clip: 0.5, aten: true);
        for (int t = 1; t <= 12; t++)
        {
            simd.Step();
            aten.Step();
            Assert.Equal(aten.Optimizer.GradientNorm, simd.Optimizer.GradientNorm, 1e-4);
            Assert.Equal(aten.Optimizer.Regulariser, simd.Optimizer.Regulariser, 1e-5);
        }
        Assert.Equal(aten.Set.Adapters.Select(a => a.Rank), simd.Set.Adapters.Select(a => a.Rank));
        Assert.True(allclose(aten.Set.Arena.P, simd.Set.Arena.P, 1e-3, 1e-5));
        Assert.True(allclose(aten.Set.Arena.AE, simd.Set.Arena.AE, 1e-3, 1e-5));
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        var results = new List<byte[]>();
        int threads = get_num_threads();
        try
        {
            foreach (int n in (int[])[1, 2])
            {
                set_num_threads(n);
                using var run = new Run(ScalarType.Float32, hidden: 3000, inputs: 120);
                set_num_threads(1);
                run.Backward();
                set_num_threads(n);
                run.Optimizer.step();
                results.Add(run.Set.Arena.P.bytes.ToArray());
            }
        }
        finally
        {
            set_num_threads(threads);
        }
        Assert.Equal(results[0], results[1]);
    }

    /// <summary>The first product on a new thread ran on every core, in another order of summation: two equal runs on it differed in the last bit.</summary>
    [Fact]
    public void The_first_step_on_a_fresh_thread_equals_later_ones()
    {
        byte[][] results = [];
        var thread = new Thread(() =>
        {
            using Run first = new(ScalarType.Float32, hidden: 700, inputs: 300), second = new(ScalarType.Float32, hidden: 700, inputs: 300);
            first.Step();
            second.Step();
            results = [first.Everything(), second.Everything()];
        });
        thread.Start();
        thread.Join();
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void A_backward_that_builds_a_graph_is_named()
    {
        using var run = new Run(ScalarType.Float32);
        run.Step();
        run.Backward(createGraph: true);
        var error = Assert.Throws<AdaLoRAException>(() => run.Optimizer.step());
        Assert.Contains("create_graph: true", error.Message);
    }

    [Fact]
    public void The_models_own_zero_grad_breaks_nothing()
    {
        using var run = new Run(ScalarType.Float32);
        using var other = new Run(ScalarType.Float32);
        for (int i = 0; i < 5; i++)
        {
            run.Model.zero_grad();
            run.Step();
            other.Step();
        }
        Assert.Equal(other.Everything(), run.Everything());
    }

    [Fact]
    public void A_forward_that_goes_round_the_adapters_is_named_at_the_first_step()
    {
        using var run = new Run(ScalarType.Float32);
        using (var x = randn(4, 12)) run.Model.ForwardAround(x).sum().backward();
        Assert.Contains(".call(x)", Assert.Throws<AdaLoRAException>(() => run.Optimizer.step()).Message);
    }

    [Fact]
    public void Moving_the_model_rebuilds_the_arena_and_training_goes_on()
    {
        using var run = new Run(ScalarType.Float32);
        run.Steps(3);
        using var lambda = run.Set.Find("first").lora_E!.detach().clone();
        run.Model.to(ScalarType.Float64);
        run.DType = ScalarType.Float64;
        Assert.Equal(ScalarType.Float64, run.Set.Find("first").lora_E!.dtype);
        Assert.True(lambda.to(ScalarType.Float64).equal(run.Set.Find("first").lora_E!).all().item<bool>());
        run.Steps(9);
        Assert.Equal(4, run.Set.TotalRank);
        Assert.Equal(0, run.Optimizer.SkippedSteps);
    }

    [Fact]
    public void Zero_grad_throws_a_backward_away()
    {
        using var run = new Run(ScalarType.Float32);
        using var other = new Run(ScalarType.Float32);
        run.Backward();
        run.Optimizer.zero_grad();
        run.Step();
        other.SkipBatch();
        other.Step();
        Assert.Equal(other.Everything(), run.Everything());
    }

    [Fact]
    public void Rates_may_change_between_steps_and_schedulers_see_them()
    {
        using var run = new Run(ScalarType.Float64, o => o.OrthogonalWeight = 0, OptimizerKind.Sgd);
        run.Optimizer.LearningRate = 0;
        run.Optimizer.TrainableLearningRate = 0;
        var before = run.Everything();
        run.Step();
        Assert.Equal(before, run.Everything());
        var scheduler = optim.lr_scheduler.ExponentialLR(run.Optimizer, 0.5);
        foreach (var group in run.Optimizer.ParamGroups) group.InitialLearningRate = group.LearningRate = 0.1;
        scheduler.step();
        Assert.Equal(0.05, run.Optimizer.LearningRate, 1e-12);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void A_run_too_short_for_its_warm_ups_is_refused(int steps)
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        Assert.Contains("no budgeting phase", Assert.Throws<AdaLoRAException>(() => set.CreateOptimizer(steps)).Message);
    }
}
