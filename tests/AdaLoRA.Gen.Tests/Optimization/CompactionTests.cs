using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Optimization;

/// <summary>Shrinking to the survivors changes nothing but what removed triplets still counted for.</summary>
public sealed class CompactionTests
{
    private const int Steps = 16;

    /// <summary>In float64 a compacted run follows a masked one that leaves removed triplets out of regulariser and norm.</summary>
    [Theory]
    [InlineData(Fidelity.Reference)]
    [InlineData(Fidelity.Paper)]
    public void The_compacted_run_follows_a_masked_run_that_counts_survivors_only(Fidelity fidelity)
    {
        using var compacted = new Trained(ScalarType.Float64, fidelity, compact: true);
        using var masked = new Trained(ScalarType.Float64, fidelity, compact: false, survivorsOnly: true);
        using var counted = new Trained(ScalarType.Float64, fidelity, compact: false);
        for (int t = 1; t <= Steps; t++)
        {
            foreach (var run in new[] { compacted, masked, counted }) run.Step();
            Assert.Equal(t >= compacted.Optimizer.Schedule!.DecisiveStep, compacted.Set.IsCompacted);
            Assert.True(Distance(compacted, masked) <= 1e-10, $"step {t}: {Distance(compacted, masked):E2}");
            Assert.Equal(masked.Optimizer.GradientNorm, compacted.Optimizer.GradientNorm, 1e-10);
            Assert.Equal(masked.Optimizer.Regulariser, compacted.Optimizer.Regulariser, 1e-10);
        }
        // The check can fail: against a run that counts everything the difference shows.
        Assert.True(Distance(compacted, counted) > 1e-8);
        Assert.Contains(compacted.Set.Adapters, a => a.InitialRank == 0);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void The_forward_right_after_it_is_unchanged_and_targets_of_rank_0_lose_their_hook(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var run = new Trained(dtype, Fidelity.Reference, compact: false);
        while (run.Optimizer.StepsCompleted < run.Optimizer.Schedule!.DecisiveStep) run.Step();
        var x = randn(7, 12).to(dtype);
        var before = run.Model.call(x);
        run.Optimizer.Compact();
        var after = run.Model.call(x);
        Assert.True((before - after).abs().max().to(ScalarType.Float64).item<double>() <= 1e-6);
        var gone = Assert.Single(run.Set.Adapters, a => a.InitialRank == 0);
        long calls = gone.Calls;
        run.Model.call(x);
        Assert.Equal(calls, gone.Calls);
        Assert.Equal(3, run.Set.Arena.Layout.Triplets);
        run.Step();
        Assert.Equal(3, run.Set.TotalRank);
    }

    [Fact]
    public void Both_tails_train_on_alike()
    {
        using var simd = new Trained(ScalarType.Float32, Fidelity.Reference, compact: true);
        using var aten = new Trained(ScalarType.Float32, Fidelity.Reference, compact: true, aten: true);
        for (int t = 1; t <= Steps; t++)
        {
            simd.Step();
            aten.Step();
        }
        Assert.True(simd.Set.IsCompacted);
        Assert.True(allclose(aten.Set.Arena.P, simd.Set.Arena.P, 1e-3, 1e-5));
    }

    [Fact]
    public void The_saved_folder_is_the_same_before_and_after()
    {
        using var folder = new TemporaryFolder();
        using var run = new Trained(ScalarType.Float32, Fidelity.Reference, compact: false);
        while (run.Optimizer.StepsCompleted < run.Optimizer.Schedule!.DecisiveStep) run.Step();
        run.Set.Save(folder.File("before"));
        run.Optimizer.Compact();
        run.Set.Save(folder.File("after"));
        foreach (string name in (string[])["adapter_model.safetensors", "adapter_config.json"]) Assert.Equal(File.ReadAllBytes(folder.File($"before/{name}")), File.ReadAllBytes(folder.File($"after/{name}")));
    }

    [Fact]
    public void It_is_refused_while_the_pattern_can_change_and_for_plain_lora()
    {
        using var run = new Trained(ScalarType.Float32, Fidelity.Reference, compact: false);
        run.Step();
        Assert.Contains("compact from step 10 on", Assert.Throws<AdaLoRAException>(run.Optimizer.Compact).Message);
        using var model = new Mlp();
        using var optimizer = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 2, Targets = ["first"] }).CreateOptimizer(5);
        Assert.Contains("plain LoRA", Assert.Throws<AdaLoRAException>(optimizer.Compact).Message);
    }

    /// <summary>A state from after the compaction goes into a fresh run, which shrinks; one from before does not go into a shrunken run.</summary>
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void States_from_either_side_are_told_apart(ScalarType dtype)
    {
        using var folder = new TemporaryFolder();
        using var straight = new Trained(dtype, Fidelity.Reference, compact: true);
        for (int t = 1; t <= Steps; t++)
        {
            if (t == 6) straight.Optimizer.SaveState(folder.File("before"));
            if (t == 13) straight.Optimizer.SaveState(folder.File("after"));
            straight.Step();
        }
        foreach (var (name, done) in new[] { ("before", 5), ("after", 12) })
        {
            using var resumed = new Trained(dtype, Fidelity.Reference, compact: true);
            resumed.Skip(done);
            resumed.Optimizer.LoadState(folder.File(name));
            Assert.Equal(name == "after", resumed.Set.IsCompacted);
            for (int t = done + 1; t <= Steps; t++) resumed.Step();
            Assert.Equal(straight.Everything(), resumed.Everything());
        }
        Assert.Contains("no room any more", Assert.Throws<AdaLoRAException>(() => straight.Optimizer.LoadState(folder.File("before"))).Message);
    }

    /// <summary>Largest difference between λ, A and B of living triplets, over the largest value.</summary>
    private static double Distance(Trained compacted, Trained masked)
    {
        using var scope = NewDisposeScope();
        double worst = 0;
        for (int i = 0; i < masked.Set.Adapters.Count; i++)
        {
            Adapter a = compacted.Set.Adapters[i], b = masked.Set.Adapters[i];
            bool[] mine = a.Mask().ToArray(), theirs = b.Mask().ToArray();
            Assert.Equal(mine.Count(m => m), theirs.Count(m => m));
            foreach (var (x, y, dim) in new[] { (a.lora_A, b.lora_A, 0), (a.lora_E!, b.lora_E!, 0), (a.lora_B, b.lora_B, 1) })
            {
                Tensor Living(Tensor t, bool[] mask) => t.detach().index_select(dim, tensor(Enumerable.Range(0, mask.Length).Where(k => mask[k]).Select(k => (long)k).ToArray(), dtype: ScalarType.Int64));
                Tensor left = Living(x, mine), right = Living(y, theirs);
                if (left.numel() > 0) worst = Math.Max(worst, ((left - right).abs().max() / right.abs().max()).item<double>());
            }
        }
        return worst;
    }

    private sealed class Trained : IDisposable
    {
        private readonly Generator _data = new(11);
        private readonly ScalarType _dtype;

        public Trained(ScalarType dtype, Fidelity fidelity, bool compact, bool survivorsOnly = false, bool aten = false)
        {
            _dtype = dtype;
            using (var g = no_grad())
            {
                Model = new Mlp();
                using var generator = new Generator(5);
                foreach (var p in Model.parameters()) p.normal_(0, 0.3, generator);
            }
            Model.to(dtype);
            Set = AdapterSet.Attach(Model, new AdaLoRAOptions
            {
                Budget = 3, InitialRank = 3, Targets = ["first", "second", "head"], InitialWarmup = 2, FinalWarmup = 6, Interval = 2, Fidelity = fidelity, Compact = compact,
                RankLimits = ["second: ..0"],
            });
            void Configure(AdaLoRAOptimizerOptions o) => (o.LearningRate, o.MaxGradNorm, o.WeightDecay, o.SurvivorsOnly) = (1e-2, 0.1, 0.01, survivorsOnly);
            var options = new AdaLoRAOptimizerOptions();
            Configure(options);
            Optimizer = aten ? Set.CreateAtenOptimizer(Steps, options) : Set.CreateOptimizer(Steps, configure: Configure);
        }

        public Mlp Model { get; }

        public AdapterSet Set { get; }

        public AdaLoRAOptimizer Optimizer { get; }

        public void Skip(int batches)
        {
            for (int i = 0; i < batches; i++) randn([9, 12], generator: _data).Dispose();
        }

        public void Step()
        {
            using var scope = NewDisposeScope();
            var x = randn([9, 12], generator: _data).to(_dtype);
            (Model.call(x) - x.narrow(1, 0, 3)).square().mean().backward();
            Optimizer.step();
        }

        public byte[] Everything()
        {
            var state = Optimizer.State;
            return [.. new[] { Set.Arena.P, Set.Arena.AE, Set.Arena.Mask, state.M, state.V, state.Sensitivity, state.Uncertainty, state.Applied }.SelectMany(t => t!.detach().bytes.ToArray())];
        }

        public void Dispose()
        {
            Optimizer.Dispose();
            Model.Dispose();
            _data.Dispose();
        }
    }
}
