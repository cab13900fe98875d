using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

public sealed class FoldersOfEveryShapeTests : RegressionTests
{
    private sealed class Emb : Module<Tensor, Tensor>
    {
        private readonly Embedding wte;
        private readonly Linear head;

        public Emb() : base(nameof(Emb))
        {
            wte = Embedding(16, 8);
            head = Linear(8, 16);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => head.call(wte.call(x));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Carried_base_weight_of_an_embedding_lives_on(bool combine)
    {
        using var model = new Emb();
        var x = arange(4);
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 2, Targets = ["wte", "head"] });
        Randomise(set, 3);
        set.SaveAsLoRA(_folder.File("s"));
        set.Detach();
        var plain = model.call(x).detach();
        string path = _folder.File("s/adapter_model.safetensors");
        List<KeyValuePair<string, Tensor>> tensors;
        using (var file = SafetensorsFile.Open(path)) tensors = [.. file.Names.Select(n => KeyValuePair.Create(n, file.Read(n)))];
        tensors.Add(KeyValuePair.Create("base_model.model.wte.base_layer.weight", ones(16, 8)));
        SafetensorsWriter.Write(path, tensors);
        set = AdapterSet.Load(model, _folder.File("s"), name: "a");
        var expected = model.call(x).detach();
        set.Save(_folder.File("again"));
        set.SaveAsLoRA(_folder.File("lora"));
        set.Deactivate();
        Assert.True(allclose(plain, model.call(x), 1e-5, 1e-5), "off");
        set.Activate();
        Assert.True(allclose(expected, model.call(x), 1e-5, 1e-5), "on");
        set.Merge();
        Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), "merged");
        set.Unmerge();
        set.Deactivate();
        if (combine)
        {
            var c = AdapterSet.Combine("c", [(set, 1)]);
            Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), "combined");
            c.Save(_folder.File("c"));
            c.Deactivate();
            c.Detach();
            AdapterSet.Load(model, _folder.File("c"), name: "d");
            Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), "combined and loaded");
            return;
        }
        set.Detach();
        foreach (string name in (string[])["again", "lora"])
        {
            var loaded = AdapterSet.Load(model, _folder.File(name), name: "b");
            Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), name);
            loaded.Deactivate();
            loaded.Detach();
        }
    }

    /// <summary>Trained in full below a root, beside targets of another name that ends with the module's.</summary>
    [Fact]
    public void Trained_module_whose_name_ends_a_target()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 2);
        set.Save(_folder.File("s"));
        set.Detach();
        // Loaded to train on, resumed, saved again.
        var x = randn(4, 12);
        set = AdapterSet.Load(model, _folder.File("s"), trainable: true);
        using var optimizer = set.CreateOptimizer(10);
        for (int i = 0; i < 10; i++)
        {
            model.call(randn(4, 12)).square().mean().backward();
            optimizer.step();
        }
        var expected = model.call(x).detach();
        set.Save(_folder.File("t"));
        set.SaveAsLoRA(_folder.File("l"));
        set.Deactivate();
        set.Detach();
        foreach (string name in (string[])["t", "l"])
        {
            var loaded = AdapterSet.Load(model, _folder.File(name), name: "b");
            Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), name);
            loaded.Deactivate();
            loaded.Detach();
        }
    }

    /// <summary>A pruned folder goes on training and is pruned more.</summary>
    [Fact]
    public void Pruned_folder_trained_on_compacted_and_saved()
    {
        using Run run = new(ScalarType.Float32, o => (o.Budget, o.Compact) = (5, true));
        run.Steps(12);
        run.Set.Save(_folder.File("s"));
        run.Set.Detach();
        var set = AdapterSet.Load(run.Model, _folder.File("s"), trainable: true);
        set.Options.Compact = true;
        set.Options.Budget = 3;
        using var optimizer = set.CreateOptimizer(12);
        for (int i = 0; i < 12; i++)
        {
            run.Model.call(randn(4, 12)).square().mean().backward();
            optimizer.step();
        }
        var x = randn(4, 12);
        var expected = run.Model.call(x).detach();
        set.Save(_folder.File("t"));
        set.Detach();
        AdapterSet.Load(run.Model, _folder.File("t"));
        Assert.True(allclose(expected, run.Model.call(x), 1e-5, 1e-5));
    }

    /// <summary>PEFT's alpha_pattern with rsLoRA, and a regular expression for a key.</summary>
    [Fact]
    public void Rslora_and_patterns()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 4, Targets = ["first", "second"] });
        Randomise(set, 3);
        set.Save(_folder.File("s"));
        set.Detach();
        Edit("s", c =>
        {
            c["use_rslora"] = true;
            c["alpha_pattern"] = new JsonObject { ["sec.*"] = 6 };
        });
        set = AdapterSet.Load(model, _folder.File("s"), trainable: true);
        Assert.Equal(4 / 2.0, set.Find("first").Scale);
        Assert.Equal(6 / 2.0, set.Find("second").Scale);
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        set.Save(_folder.File("t"));
        set.SaveAsLoRA(_folder.File("l"));
        set.Detach();
        foreach (string name in (string[])["t", "l"])
        {
            var loaded = AdapterSet.Load(model, _folder.File(name), name: "b");
            Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), name);
            loaded.Detach();
        }
        Edit("s", c => c["lora_alpha"] = 0);
        set = AdapterSet.Load(model, _folder.File("s"));
        Assert.Equal(0, set.Find("first").Scale);
    }

    private sealed class Convs : Module<Tensor, Tensor>
    {
        private readonly Conv2d grouped;
        private readonly Conv2d odd;

        public Convs() : base(nameof(Convs))
        {
            grouped = Conv2d(4, 6, 3, groups: 2, padding: 1);
            odd = Conv2d(6, 4, 3, padding: Padding.Same, dilation: 2, padding_mode: PaddingModes.Reflect);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => odd.call(grouped.call(x));
    }

    [Fact]
    public void Convolutions()
    {
        using var model = new Convs();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 3, Targets = ["grouped", "odd"] });
        Randomise(set, 3);
        Remove(set, "grouped", 2);
        var x = randn(2, 4, 8, 8);
        var one = randn(4, 8, 8);
        var expected = model.call(x).detach();
        var expectedOne = model.call(one).detach();
        set.SaveAsLoRA(_folder.File("l"));
        set.Save(_folder.File("s"));
        set.Merge();
        Assert.True(allclose(expected, model.call(x), 1e-3, 1e-3), $"merge {(expected - model.call(x)).abs().max().item<float>()}");
        Assert.True(allclose(expectedOne, model.call(one), 1e-3, 1e-3), "unbatched");
        set.Unmerge();
        set.Detach();
        foreach (string name in (string[])["s", "l"])
        {
            var loaded = AdapterSet.Load(model, _folder.File(name), name: "b");
            Assert.True(allclose(expected, model.call(x), 1e-3, 1e-3), name);
            var combined = AdapterSet.Combine("c", [(loaded, 1)], 2);
            combined.Detach();
            loaded.Detach();
        }
    }
}
