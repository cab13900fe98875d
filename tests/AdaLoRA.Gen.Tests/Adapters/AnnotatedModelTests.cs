using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>What a user of an annotated model sees, with the generator's real output.</summary>
public sealed class AnnotatedModelTests
{
    [Fact]
    public void The_typed_view_reaches_each_adapter()
    {
        using var model = new TraceNet();
        var set = model.AttachAdaLoRA();
        Assert.Same(set.Find("blocks.1.up"), model.AdaLoRA.blocks[1].up);
        model.DetachAdaLoRA();
        Assert.Contains("AttachAdaLoRA()", Assert.Throws<AdaLoRAException>(() => model.AdaLoRA).Message);
    }

    [Fact]
    public void Compiled_wiring_and_patterns_give_the_same_adapters_in_the_same_order()
    {
        using var model = new TraceNet();
        var options = new AdaLoRAOptions { Budget = 16, Targets = ["blocks.*.{q,v,up,down}"], InitialRank = 6, Alpha = 12, InitialWarmup = 8, FinalWarmup = 20, Interval = 4 };
        var compiled = model.AttachAdaLoRA();
        string[] paths = [.. compiled.Adapters.Select(a => a.Path)];
        byte[] values = compiled.Arena.P.bytes.ToArray();
        model.DetachAdaLoRA();
        var matched = AdapterSet.Attach(model, options);
        Assert.Equal(paths, matched.Adapters.Select(a => a.Path));
        Assert.Equal(values, matched.Arena.P.bytes.ToArray());
    }

    [Fact]
    public void Arguments_override_the_attribute_and_are_checked_as_it_is()
    {
        using var model = new TraceNet();
        Assert.Contains("at most 16", Assert.Throws<AdaLoRAException>(() => model.AttachAdaLoRA(o => o.InitialRank = 17)).Message);
        Assert.Contains("'blocks.*.w'", Assert.Throws<AdaLoRAException>(() => model.AttachAdaLoRA(o => o.Targets = ["blocks.*.w"])).Message);
        Assert.Equal(4, model.AttachAdaLoRA(o => o.Targets = ["*.q", "*.v"]).Adapters.Count);
    }

    [Fact]
    public void A_LoRA_attribute_gives_plain_LoRA_of_scale_one()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = new Plain();
        var set = model.AttachAdaLoRA();
        Assert.Equal((AdapterMethod.LoRA, 2, 1.0), (set.Options.Method, set.InitialRank, set.Scale));
        Assert.Null(set.Adapters[0].lora_E);
        using var optimizer = model.CreateAdaLoRAOptimizer(5, 1e-2);
        for (int i = 0; i < 5; i++)
        {
            model.call(randn(8, 6)).square().mean().backward();
            optimizer.step();
        }
        Assert.Equal(4, set.TotalRank);
        var x = randn(3, 6);
        var expected = model.call(x);
        model.SaveAdapter(folder.Path);
        model.DetachAdaLoRA();
        model.LoadAdapter(folder.Path);
        Assert.True(allclose(expected, model.call(x), 0, 1e-6));
    }

    /// <summary>Wiring by field found the layer, loading by registered name did not.</summary>
    [Fact]
    public void A_model_that_never_registers_its_layers_is_refused_at_attach()
    {
        using var model = new Unregistered();
        Assert.Contains("RegisterComponents()", Assert.Throws<AdaLoRAException>(() => model.AttachAdaLoRA()).Message);
    }

    [Fact]
    public void Without_adapters_there_is_no_optimizer()
    {
        using var model = new TraceNet();
        Assert.Contains("AttachAdaLoRA()", Assert.Throws<AdaLoRAException>(() => model.CreateAdaLoRAOptimizer(10)).Message);
    }
}

[LoRA(Rank = 2, Targets = ["a", "b"])]
internal sealed partial class Plain : nn.Module<Tensor, Tensor>
{
    private readonly Linear a = nn.Linear(6, 6);
    private readonly Linear b = nn.Linear(6, 6);

    public Plain() : base(nameof(Plain)) => RegisterComponents();

    public override Tensor forward(Tensor x) => b.call(nn.functional.relu(a.call(x)));
}

#pragma warning disable ADALORA025 // That is what its test is about.
[LoRA(Rank = 2, Targets = ["a"])]
internal sealed partial class Unregistered() : nn.Module<Tensor, Tensor>(nameof(Unregistered))
{
    private readonly Linear a = nn.Linear(6, 6);

    public override Tensor forward(Tensor x) => a.call(x);
}
#pragma warning restore ADALORA025
