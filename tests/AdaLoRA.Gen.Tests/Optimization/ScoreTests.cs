using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Optimization;

/// <summary>What is ranked, in what unit and within which limits, through the optimizer and on both tails.</summary>
public sealed class ScoreTests
{
    /// <summary>The survivors are those that the formula, written out entry by entry, puts first.</summary>
    [Theory]
    [InlineData(ImportanceScore.Product, false)]
    [InlineData(ImportanceScore.Product, true)]
    [InlineData(ImportanceScore.Sensitivity, false)]
    [InlineData(ImportanceScore.Sensitivity, true)]
    [InlineData(ImportanceScore.SignalToNoise, false)]
    [InlineData(ImportanceScore.SignalToNoise, true)]
    [InlineData(ImportanceScore.Magnitude, false)]
    [InlineData(ImportanceScore.Magnitude, true)]
    public void The_survivors_are_the_best_by_their_formula(ImportanceScore score, bool aten)
    {
        using var scope = NewDisposeScope();
        // The same run twice: one ranks at step 5, the other has not ranked yet and still shows λ as it was.
        using var ranked = new Run(ScalarType.Float32, o => (o.Score, o.InitialWarmup, o.FinalWarmup, o.Interval) = (score, 4, 7, 5), aten: aten);
        using var waiting = new Run(ScalarType.Float32, o => (o.Score, o.InitialWarmup, o.FinalWarmup, o.Interval) = (score, 4, 1, 1000), aten: aten);
        foreach (var run in new[] { ranked, waiting })
        {
            run.Steps(4);
            // Averages at which the strategies disagree: what training gives is ordered alike by most of them.
            using (no_grad())
            {
                using var generator = new Generator(3);
                run.Optimizer.State.Sensitivity!.copy_(rand(run.Optimizer.State.Sensitivity.shape, generator: generator).pow(8));
                run.Optimizer.State.Uncertainty!.copy_(rand(run.Optimizer.State.Uncertainty.shape, generator: generator).pow(8));
            }
            run.Step();
        }
        int budget = (int)ranked.Optimizer.Schedule!.BudgetAt(5);
        Assert.Equal(budget, ranked.Set.TotalRank);
        Assert.True(budget < 8);

        var expected = waiting.Set.Adapters.SelectMany(a => Enumerable.Range(0, 4).Select(k => (a.Path, k, Score: Score(ranked, a, k, score)))).OrderByDescending(t => t.Score).Take(budget).Select(t => (t.Path, t.k)).Order().ToList();
        var kept = ranked.Set.Adapters.SelectMany(a => Enumerable.Range(0, 4).Where(k => a.Mask()[k]).Select(k => (a.Path, k))).Order().ToList();
        Assert.Equal(expected, kept);

        // What the optimizer tells of its last ranking are these numbers, adapter by adapter.
        Assert.Empty(waiting.Optimizer.ReadImportances());
        float[] told = ranked.Optimizer.ReadImportances();
        double[] formula = [.. waiting.Set.Adapters.SelectMany(a => Enumerable.Range(0, 4).Select(k => (double)Score(ranked, a, k, score)))];
        Assert.Equal(formula.Length, told.Length);
        Assert.All(formula.Zip(told), pair => Assert.Equal(pair.First, pair.Second, 1e-5 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Fact]
    public void The_strategies_do_not_all_choose_alike()
    {
        var choices = Enum.GetValues<ImportanceScore>().Select(score =>
        {
            using var run = new Run(ScalarType.Float32, o => o.Score = score);
            run.Steps(12);
            return string.Concat(run.Set.Adapters.SelectMany(a => a.Mask().ToArray()).Select(m => m ? '1' : '0'));
        }).Distinct();
        Assert.InRange(choices.Count(), 2, 4);
    }

    /// <summary>A triplet of the wide layer costs three times as much, so the same score loses against the narrow one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_budget_in_parameters_is_never_exceeded_and_counts_sizes(bool aten)
    {
        using var run = new Run(ScalarType.Float32, o => (o.Targets, o.Trainable, o.InitialRank, o.BudgetUnit, o.Budget) = (["first", "head"], [], 3, BudgetUnit.Parameters, 100), aten: aten, hidden: 40);
        // first: 12 → 40, 53 a triplet; head: 12 → 3, 16 a triplet.
        Assert.Equal(3 * (53 + 16), run.Optimizer.Schedule!.InitialBudget);
        for (int t = 1; t <= 12; t++)
        {
            run.Step();
            long spent = run.Set.Find("first").Rank * 53 + run.Set.Find("head").Rank * 16;
            if (run.Optimizer.Schedule.IsAllocationStep(t)) Assert.InRange(spent, 0, run.Optimizer.Schedule.BudgetAt(t));
        }
        Assert.Equal(100, run.Optimizer.Budget);
        Assert.InRange(run.Set.TrainableParameterCount, 100 - 53 + 1, 100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Limits_hold_at_every_allocation(bool aten)
    {
        using var run = new Run(ScalarType.Float32, o => (o.Budget, o.RankLimits) = (4, ["*: ..3", "second: 1..1"]), aten: aten);
        for (int t = 1; t <= 12; t++)
        {
            run.Step();
            if (!run.Optimizer.Schedule!.IsAllocationStep(t)) continue;
            Assert.Equal(1, run.Set.Find("second").Rank);
            Assert.InRange(run.Set.Find("first").Rank, 0, 3);
        }
        Assert.Equal(4, run.Set.TotalRank);
    }

    [Theory]
    [InlineData("first", "RankLimits holds 'first'")]
    [InlineData("first: ..", "RankLimits holds")]
    [InlineData("first: 3..1", "RankLimits holds")]
    [InlineData("third: 1..2", "matches no target; the nearest is 'first'")]
    [InlineData("first: 5..", "wants at least 5 triplets, but every target starts with 4")]
    [InlineData("*: 3..", "need 6 triplets, the Budget is 4")]
    public void A_limit_that_cannot_hold_is_refused_at_attach(string limit, string expected)
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        options.RankLimits = [limit];
        Assert.Contains(expected, Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options)).Message);
        Assert.Null(AdapterSet.Of(model));
    }

    /// <summary>Each part of the adapters by its own rate and decay: one step of SGD tells them apart.</summary>
    [Theory]
    [InlineData(false, ScalarType.Float32)]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(true, ScalarType.Float64)]
    public void Rates_and_decays_are_those_of_each_part(bool aten, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        (double Rate, double Decay, double Ratio, double Trained) used = (0.1, 0.5, 4, 0.25);
        Tensor[] Once(Action<AdaLoRAOptimizerOptions> configure, out Tensor[] before)
        {
            using var model = new Mlp();
            using (no_grad())
            {
                using var generator = new Generator(5);
                foreach (var p in model.parameters()) p.normal_(0, 0.3, generator);
            }
            model.to(dtype);
            var options = Mlp.Options;
            options.OrthogonalWeight = 0;
            var set = AdapterSet.Attach(model, options);
            using (no_grad())
            {
                using var generator = new Generator(6);
                foreach (var p in set.parameters()) p.normal_(0, 0.3, generator);
            }
            set.Refold();
            var o = new AdaLoRAOptimizerOptions { Kind = OptimizerKind.Sgd, LearningRate = used.Rate };
            configure(o);
            using var optimizer = aten ? set.CreateAtenOptimizer(12, o) : set.CreateOptimizer(12, used.Rate, x => { x.Kind = OptimizerKind.Sgd; configure(x); });
            var a = set.Find("second");
            Tensor[] Parts() => [.. new Tensor[] { a.lora_A, a.lora_E!, a.lora_B, model.get_parameter("head.weight")! }.Select(t => t.detach().to(ScalarType.Float64).clone())];
            before = Parts();
            model.call(ones(3, 12, dtype: dtype)).square().mean().backward();
            optimizer.step();
            return Parts();
        }

        var plain = Once(_ => { }, out var start);
        var found = Once(o => (o.WeightDecay, o.DecayLambda, o.LoraPlusRatio, o.TrainableWeightDecay) = (used.Decay, false, used.Ratio, used.Trained), out _);
        double[] rates = [used.Rate, used.Rate, used.Rate * used.Ratio, used.Rate], decays = [used.Decay, 0, used.Decay, used.Trained];
        for (int i = 0; i < 4; i++)
        {
            var gradient = (start[i] - plain[i]) / used.Rate;
            var expected = start[i] - (gradient + start[i] * decays[i]) * rates[i];
            double error = (expected - found[i]).abs().max().item<double>();
            Assert.True(error < (dtype == ScalarType.Float64 ? 1e-12 : 1e-6), $"part {i}: {error:E2}");
            Assert.True(gradient.abs().max().item<double>() > 1e-4);
        }
    }

    /// <param name="run">Whose averages count.</param>
    /// <param name="adapter">Whose λ counts.</param>
    private static double Score(Run run, Adapter adapter, int k, ImportanceScore score)
    {
        if (score == ImportanceScore.Magnitude) return Math.Abs(adapter.lora_E![k, 0].item<float>());
        var (arena, state) = (run.Set.Arena, run.Optimizer.State);
        double Mean(Func<Tensor, Tensor> row)
        {
            float[] i = row(state.Sensitivity!).reshape(-1).data<float>().ToArray(), u = row(state.Uncertainty!).reshape(-1).data<float>().ToArray();
            return i.Zip(u, (x, y) => score switch { ImportanceScore.Product => (double)x * y, ImportanceScore.Sensitivity => x, _ => x / (y + 1e-12) }).Average();
        }
        return Mean(t => arena.ViewE(t, adapter.Index)[k]) + Mean(t => arena.ViewA(t, adapter.Index)[k].contiguous()) + Mean(t => arena.ViewBt(t, adapter.Index)[k].contiguous());
    }
}
