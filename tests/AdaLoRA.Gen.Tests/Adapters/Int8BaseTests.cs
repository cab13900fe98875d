using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>Adapters on a base of int8 rows.</summary>
public sealed class Int8BaseTests
{
    private const int Steps = 60;

    /// <summary>The same base twice, once as bytes and once as the floats that they stand for: the adapters learn the same.</summary>
    [Fact]
    public void Training_on_bytes_is_training_on_the_floats_that_they_stand_for()
    {
        using var scope = NewDisposeScope();
        var (bytes, floats) = Twins();
        var (found, ranks) = Train(bytes);
        var (expected, expectedRanks) = Train(floats);
        Assert.Equal(expectedRanks, ranks);
        Assert.Equal(8, ranks.Sum());
        Assert.True(found[^1] < 0.7 * found[0], $"from {found[0]} to {found[^1]}");
        for (int t = 0; t < Steps; t++) Assert.True(Math.Abs(found[t] - expected[t]) <= 1e-4 * Math.Abs(expected[t]), $"step {t}: {found[t]} and {expected[t]}");
    }

    [Fact]
    public void No_frozen_weight_gets_a_gradient_or_moves()
    {
        using var scope = NewDisposeScope();
        foreach (var model in new[] { Twins().Bytes, Twins().Floats })
        {
            var before = model.parameters().Select(p => p.detach().clone()).ToList();
            _ = Train(model);
            foreach (var (p, old) in model.named_parameters().Where(p => !p.name.StartsWith("adalora", StringComparison.Ordinal)).Zip(before))
            {
                Assert.Null(p.parameter.grad);
                Assert.False(p.parameter.requires_grad);
                Assert.True(old.equal(p.parameter).all().item<bool>(), p.name);
            }
        }
    }

    [Fact]
    public void A_bias_and_a_head_of_floats_train_beside_bytes()
    {
        using var scope = NewDisposeScope();
        var model = Twins().Bytes;
        model.Layer("head").Dequantize();
        var options = QuantizableMlp.Options;
        (options.Targets, options.Trainable, options.Bias) = (["first", "second"], ["head"], BiasTraining.AdapterOnly);
        var bias = model.get_parameter("first.bias")!.detach().clone();
        var (losses, _) = Train(model, options);
        Assert.True(losses[^1] < 0.7 * losses[0]);
        Assert.False(bias.equal(model.get_parameter("first.bias")!).all().item<bool>());
        Assert.NotNull(model.get_parameter("head.weight")!.grad);
    }

    [Fact]
    public void A_folder_goes_round_and_is_that_of_the_floats()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var (bytes, floats) = Twins();
        _ = Train(bytes);
        var ids = randint(0, 50, [3, 4]);
        bytes.eval();
        var expected = bytes.call(ids);
        foreach (bool lora in (bool[])[false, true])
        {
            string path = folder.File(lora ? "lora" : "adalora");
            if (lora) AdapterSet.Of(bytes)!.SaveAsLoRA(path);
            else AdapterSet.Of(bytes)!.Save(path);
            foreach (var model in new[] { Twins().Bytes, floats })
            {
                var set = AdapterSet.Load(model, path);
                TensorAssert.Close(expected, model.call(ids), 2e-5, path);
                set.Detach();
            }
        }
    }

    [Fact]
    public void A_merge_into_bytes_is_refused_and_works_after_dequantising()
    {
        using var scope = NewDisposeScope();
        var model = Twins().Bytes;
        _ = Train(model);
        model.eval();
        var set = AdapterSet.Of(model)!;
        var ids = randint(0, 50, [3, 4]);
        var expected = model.call(ids);
        foreach (var merge in (Action[])[() => set.Merge(), () => set.Merge(keepCopies: false), set.MergeAndDetach])
        {
            string message = Assert.Throws<AdaLoRAException>(merge).Message;
            Assert.Equal("The weight of 'first' is int8, which would round ΔW away: call Dequantize() on the layer (or DequantizeBase() on the model) first, or leave the adapters unmerged.", message);
            Assert.False(set.IsMerged);
            TensorAssert.Close(expected, model.call(ids), 0);
        }
        model.DequantizeBase();
        set.MergeAndDetach();
        TensorAssert.Close(expected, model.call(ids), 2e-5);
        Assert.Null(AdapterSet.Of(model));
    }

    [Fact]
    public void A_base_may_change_its_storage_below_its_adapters()
    {
        using var scope = NewDisposeScope();
        var (bytes, floats) = Twins();
        // On a grid, so that bytes stand for the same floats.
        var set = AdapterSet.Attach(floats, QuantizableMlp.Options);
        Assert.Equal(4, floats.QuantizeBase());
        var (found, _) = TrainAttached(floats, set);
        var (expected, _) = Train(bytes);
        for (int t = 0; t < Steps; t++) Assert.True(Math.Abs(found[t] - expected[t]) <= 1e-4 * Math.Abs(expected[t]), $"step {t}: {found[t]} and {expected[t]}");
        // What was frozen as floats cannot be thawed as bytes.
        set.Detach();
        Assert.False(floats.get_parameter("first.weight")!.requires_grad);
        Assert.True(floats.get_parameter("first.bias")!.requires_grad);
    }

    [Fact]
    public void Bytes_made_of_a_merged_weight_keep_it()
    {
        using var scope = NewDisposeScope();
        var model = Twins().Floats;
        _ = Train(model);
        var set = AdapterSet.Of(model)!;
        set.Merge();
        model.Layer("second").Quantize();
        Assert.StartsWith("'second' was made int8 while the adapters 'default' were merged into it", Assert.Throws<AdaLoRAException>(set.Unmerge).Message, StringComparison.Ordinal);
        Assert.True(set.IsMerged);
        model.DequantizeBase();
        set.Unmerge();
    }

    [Fact]
    public void A_weight_of_bytes_cannot_be_trained_in_full()
    {
        using var scope = NewDisposeScope();
        var options = QuantizableMlp.Options;
        (options.Targets, options.Trainable) = (["first"], ["head"]);
        Assert.Equal("QuantizableMlp: the Trainable parameter 'head.weight' is Int8, which cannot be trained; leave it out.", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(Twins().Bytes, options)).Message);
    }

    /// <summary>Parameters, gradients, two moments, two averages, and half as much again for the folded A: 6.5 floats, where A and B are of one size.</summary>
    [Fact]
    public void An_adapter_parameter_costs_six_and_a_half_floats()
    {
        using var scope = NewDisposeScope();
        var model = new QuantizableMlp(BaseWeights.Int8Rows, width: 256, hidden: 256);
        var options = QuantizableMlp.Options;
        options.Targets = ["first", "second"];
        var set = AdapterSet.Attach(model, options);
        using var optimizer = set.CreateOptimizer(100, 1e-3);
        var (arena, state) = (set.Arena, optimizer.State);
        Tensor?[] all = [arena.P, arena.G, arena.AE, arena.Mask, arena.Scales, state.M, state.V, state.Sensitivity, state.Uncertainty, state.Applied];
        long bytes = all.Sum(t => t!.numel() * t.element_size());
        long parameters = set.Adapters.Sum(a => a.lora_A.numel() + a.lora_B.numel() + a.lora_E!.numel());
        Assert.InRange(bytes / 4.0 / parameters, 6.4, 6.5 * 1.01);
    }

    private static (QuantizableMlp Bytes, QuantizableMlp Floats) Twins()
    {
        QuantizableMlp bytes = new QuantizableMlp(BaseWeights.Int8Rows).Seeded(4), floats = new();
        foreach (string name in (string[])["words", "first", "second", "head"])
        {
            floats.Layer(name).weight = new TorchSharp.Modules.Parameter(bytes.Layer(name).DequantizedWeight());
            if (bytes.Layer(name) is QuantizableLinear { bias: { } bias }) ((QuantizableLinear)floats.Layer(name)).bias = new TorchSharp.Modules.Parameter(bias.detach().clone());
        }
        return (bytes, floats);
    }

    private static (List<double> Losses, int[] Ranks) Train(QuantizableMlp model, AdaLoRAOptions? options = null) => TrainAttached(model, AdapterSet.Attach(model, options ?? QuantizableMlp.Options));

    private static (List<double> Losses, int[] Ranks) TrainAttached(QuantizableMlp model, AdapterSet set)
    {
        using var generator = new Generator(9);
        using var optimizer = set.CreateOptimizer(Steps, 1e-2);
        var losses = new List<double>();
        using var ids = randint(0, 50, [32], generator: generator);
        using var labels = ids % 5;
        for (int t = 0; t < Steps; t++)
        {
            using var scope = NewDisposeScope();
            var loss = nn.functional.cross_entropy(model.call(ids), labels);
            losses.Add(loss.item<float>());
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
        }
        return (losses, [.. set.Adapters.Select(a => a.Rank)]);
    }
}
