using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>What was tried and holds.</summary>
public sealed class LifeCornersTests : RegressionTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nothing_left(bool aten)
    {
        using Run run = new(ScalarType.Float32, o => (o.RankLimits, o.Budget, o.Compact) = (["*: ..0"], 1, true), aten: aten);
        run.Steps(12);
        Assert.Equal(0, run.Set.TotalRank);
        Assert.True(run.Set.IsCompacted);
        var x = randn(4, 12);
        var expected = run.Model.call(x).detach();
        run.Set.Save(_folder.File("s"));
        run.Optimizer.SaveState(_folder.File("st"));
        run.Model.to(ScalarType.Float64);
        run.Set.Merge();
        run.Set.Unmerge();
        run.Set.Detach();
        run.Model.to(ScalarType.Float32);
        AdapterSet.Load(run.Model, _folder.File("s"));
        Assert.True(allclose(expected, run.Model.call(x)));
    }

    [Fact]
    public void Compacted_lives_on()
    {
        using Run run = new(ScalarType.Float32, o => o.Compact = true);
        run.Steps(12);
        Assert.True(run.Set.IsCompacted);
        var x = randn(4, 12);
        var expected = run.Model.call(x).detach();
        run.Model.to(ScalarType.Float64);
        run.Model.to(ScalarType.Float32);
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
        run.Set.Save(_folder.File("s"));
        run.Set.SaveAsLoRA(_folder.File("l"));
        run.Set.Merge();
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
        run.Set.Unmerge();
        var both = AdapterSet.Combine("c", [(run.Set, 1)]);
        both.Detach();
        run.Set.Activate();
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
        run.Set.Detach();
        var s = AdapterSet.Load(run.Model, _folder.File("s"), name: "s");
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
        var l = AdapterSet.Load(run.Model, _folder.File("l"), name: "l");
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
    }

    [Fact]
    public void Merge_of_a_masked_set_whose_dtype_changes()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        Randomise(set, 3);
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        set.Merge();
        model.to(ScalarType.BFloat16);
        model.to(ScalarType.Float32);
        set.Unmerge();
        set.Deactivate();
        set.Activate();
        Assert.True(allclose(expected, model.call(x), 0.1, 0.1), $"{(expected - model.call(x)).abs().max().item<float>()}");
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, false)]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.Float16, true)]
    public void A_half_base_with_a_trained_head(ScalarType type, bool aten)
    {
        using var run = new Run(type, aten: aten);
        run.Steps(3);
        Assert.Equal(3, run.Optimizer.StepsCompleted);
        run.Set.Merge();
        run.Set.Unmerge();
        run.Set.Save(_folder.File("s"));
        run.Optimizer.SaveState(_folder.File("t"));
        run.Optimizer.LoadState(_folder.File("t"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Late_without_compaction(bool poison)
    {
        byte[] Final(bool late)
        {
            using var model = new Mlp();
            using (no_grad())
            {
                using var generator = new Generator(5);
                foreach (var p in model.parameters()) p.normal_(0, 0.3, generator);
            }
            var set = AdapterSet.Attach(model, Mlp.Options);
            using var optimizer = set.CreateAtenOptimizer(12, new AdaLoRAOptimizerOptions { LearningRate = 1e-2, MaxGradNorm = 0.5, WeightDecay = 0.1 }, late);
            using var data = new Generator(7);
            for (int t = 0; t < 14; t++)
            {
                using var scope = NewDisposeScope();
                var x = randn([9, 12], generator: data);
                if (poison && t is 3 or 7) x[0, 0] = float.NaN;
                (model.call(x) - x.narrow(1, 0, 3)).square().mean().backward();
                optimizer.step();
                if (optimizer.StepsCompleted == 12) break;
            }
            return set.Arena.P.bytes.ToArray();
        }
        Assert.Equal(Final(late: false), Final(late: true));
    }

    /// <summary>What a checkpoint writes, and what goes on after it, is the same run with a second optimizer over a compacted set.</summary>
    [Fact]
    public void Detach_order_restores_requires_grad()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options, "t");
        Randomise(set, 3);
        set.Save(_folder.File("s"));
        var b = AdapterSet.Load(model, _folder.File("s"), name: "b");
        var c = AdapterSet.Load(model, _folder.File("s"), name: "c");
        set.Detach();
        Assert.All(new[] { "first.weight", "head.bias", "second.bias" }, n => Assert.True(model.get_parameter(n)!.requires_grad));
        b.Detach();
        c.Detach();
        Assert.All(new[] { "first.weight", "head.bias", "second.bias" }, n => Assert.True(model.get_parameter(n)!.requires_grad));
    }

    /// <summary>Two sets that train the same head, one of them loaded before the other was trained.</summary>
    [Fact]
    public void Train_b_while_a_is_there()
    {
        using var model = new Mlp();
        var x = randn(4, 12);
        var plain = model.call(x).detach();
        var a = AdapterSet.Attach(model, Mlp.Options, "a");
        Randomise(a, 3);
        using (no_grad()) model.get_parameter("head.bias")!.add_(1);
        a.Save(_folder.File("a"));
        var asA = model.call(x).detach();
        a.Deactivate();
        Assert.True(allclose(plain, model.call(x)));
        a.Detach();
        Assert.True(allclose(plain, model.call(x)));
        a = AdapterSet.Load(model, _folder.File("a"), name: "a");
        var b = AdapterSet.Attach(model, Mlp.Options, "b");
        Assert.True(allclose(plain, model.call(x)));
        a.Activate();
        Assert.True(allclose(asA, model.call(x)));
        b.Activate();
        Assert.True(allclose(plain, model.call(x)));
        b.Detach();
        a.Activate();
        Assert.True(allclose(asA, model.call(x)));
        a.Deactivate();
        Assert.True(allclose(plain, model.call(x)));
    }
}
