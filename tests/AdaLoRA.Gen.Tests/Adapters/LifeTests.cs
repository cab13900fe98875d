using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>What users do to a set besides training it.</summary>
public sealed class LifeTests
{
    [Fact]
    public void Disposing_the_set_detaches_it()
    {
        using var model = new Mlp();
        using (AdapterSet.Attach(model, Mlp.Options)) { }
        Assert.Null(AdapterSet.Of(model));
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
        model.train();
        AdapterSet.Attach(model, Mlp.Options);
    }

    [Fact]
    public void Detach_refreezes_a_trained_module_that_was_frozen()
    {
        using var model = new Mlp();
        model.get_parameter("head.bias")!.requires_grad = false;
        var set = AdapterSet.Attach(model, Mlp.Options);
        Assert.True(model.get_parameter("head.bias")!.requires_grad);
        set.Detach();
        Assert.False(model.get_parameter("head.bias")!.requires_grad);
    }

    [Fact]
    public void A_merged_layer_has_no_hook_and_gets_it_back_in_its_place()
    {
        using var layer = nn.Linear(4, 4);
        using var model = new OneLayer(layer);
        int early = 0;
        layer.register_forward_hook((_, _, y) => { early++; return y; });
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 1, InitialRank = 2, Targets = ["layer"] });
        // Doubles what the adapter added, for it was registered behind it.
        layer.register_forward_hook((_, _, y) => y * 2);
        using var x = ones(3, 4);
        using var _ = no_grad();
        set.Adapters[0].lora_E!.fill_(3);
        set.Refold();
        byte[] before = model.call(x).bytes.ToArray();
        long calls = set.Adapters[0].Calls;

        set.Merge();
        model.call(x).Dispose();
        model.call(x).Dispose();
        Assert.Equal(calls, set.Adapters[0].Calls);
        set.Unmerge();
        Assert.Equal(before, model.call(x).bytes.ToArray());
        Assert.Equal((calls + 1, 4), (set.Adapters[0].Calls, early));
    }

    [Fact]
    public void A_sequential_as_root_is_refused_and_stays_as_it_was()
    {
        using var root = nn.Sequential(("a", nn.Linear(4, 4)), ("b", nn.Linear(4, 4)));
        var error = Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(root, new AdaLoRAOptions { Budget = 1, InitialRank = 2, Targets = ["a"] }));
        Assert.Contains("Sequential", error.Message);
        Assert.All(root.parameters(), p => Assert.True(p.requires_grad));
        using var y = root.call(randn(2, 4));
    }

    [Fact]
    public void A_set_further_down_is_seen()
    {
        using var inner = new Mlp();
        using var outer = new Outer(inner);
        AdapterSet.Attach(inner, Mlp.Options);
        Assert.Contains("below 'inner.adalora'", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(outer, new AdaLoRAOptions { Budget = 1, Targets = ["*.first"] })).Message);
    }

    [Fact]
    public void An_optimizer_of_detached_adapters_says_so()
    {
        using var run = new Run(ScalarType.Float32);
        run.Step();
        run.Set.Detach();
        Assert.Contains("were detached", Assert.Throws<AdaLoRAException>(() => run.Optimizer.step()).Message);
        Assert.Contains("were detached", Assert.Throws<AdaLoRAException>(() => run.Optimizer.zero_grad()).Message);
    }

    [Fact]
    public void A_budget_beyond_all_ranks_is_not_an_overflow()
    {
        using var model = new Mlp();
        Assert.Equal(12, AdapterSet.Attach(model, new AdaLoRAOptions { Budget = int.MaxValue, Targets = ["first", "second"] }).InitialRank);
    }

    [Theory]
    [InlineData(0.0, 0.999)]
    [InlineData(0.9, 0.0)]
    public void A_first_step_that_is_not_finite_survives_a_beta_of_zero(double beta1, double beta2)
    {
        using var model = new Mlp();
        model.to(ScalarType.Float64);
        var set = AdapterSet.Attach(model, Mlp.Options);
        using var optimizer = set.CreateOptimizer(12, configure: o => (o.Beta1, o.Beta2) = (beta1, beta2));
        var before = set.Arena.P.clone();
        using var x = randn(4, 12, dtype: ScalarType.Float64);
        x[0, 0] = double.NaN;
        model.call(x).sum().backward();
        optimizer.step();
        Assert.True(before.equal(set.Arena.P).all().item<bool>());
    }

    /// <summary>A ranking step with a NaN kept the mask but zeroed λ that had revived since the last ranking, on one tail only.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void A_ranking_step_that_is_not_finite_leaves_revived_triplets_alone(ScalarType dtype)
    {
        using var run = new Run(dtype, o => (o.InitialWarmup, o.FinalWarmup, o.Interval) = (1, 3, 2));
        run.Steps(5);
        Assert.Contains(run.Set.Adapters, a => Enumerable.Range(0, 4).Any(k => !a.Mask()[k] && a.lora_E![k, 0].to(ScalarType.Float64).item<double>() != 0));
        var before = run.Everything();
        run.Step(poison: true);
        Assert.True(run.Optimizer.Schedule!.IsAllocationStep(6));
        Assert.Equal(before, run.Everything());
    }

    private sealed class Outer : nn.Module<Tensor, Tensor>
    {
        private readonly Mlp inner;

        public Outer(Mlp inner) : base(nameof(Outer))
        {
            this.inner = inner;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => inner.call(x);
    }
}
