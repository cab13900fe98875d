using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

public sealed class AttachTests
{
    [Theory]
    [InlineData(AdapterMethod.AdaLoRA)]
    [InlineData(AdapterMethod.LoRA)]
    public void An_adapted_model_computes_at_first_what_the_base_computes_bit_for_bit(AdapterMethod method)
    {
        using var scope = NewDisposeScope();
        using var model = new Mlp();
        var x = randn(7, 12);
        var before = model.call(x).detach();
        var options = Mlp.Options;
        options.Method = method;
        AdapterSet.Attach(model, options);
        Assert.True(Bits(before).AsSpan().SequenceEqual(Bits(model.call(x).detach())));
    }

    [Fact]
    public void Base_names_and_parameters_stay_and_detach_restores_everything()
    {
        using var model = new Mlp();
        model.get_parameter("first.bias")!.requires_grad = false;
        var names = model.state_dict().Keys.ToArray();
        var parameters = model.named_parameters().ToArray();
        bool[] trained = [.. parameters.Select(p => p.parameter.requires_grad)];
        byte[][] values = [.. model.state_dict().Values.Select(Bits)];

        var set = AdapterSet.Attach(model, Mlp.Options);
        Assert.Equal(names, model.state_dict().Keys.Where(k => !k.StartsWith("adalora.", StringComparison.Ordinal)));
        Assert.All(parameters, p => Assert.Same(p.parameter, model.get_parameter(p.name)));
        Assert.Equal(["head.weight", "head.bias"], parameters.Where(p => p.parameter.requires_grad).Select(p => p.name));
        Assert.Equal(["adalora.first.lora_A", "adalora.first.lora_B", "adalora.first.lora_E", "adalora.second.lora_A", "adalora.second.lora_B", "adalora.second.lora_E"],
            model.named_parameters().Select(p => p.name).Where(n => n.StartsWith("adalora.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));

        set.Detach();
        Assert.Null(AdapterSet.Of(model));
        Assert.Equal(names, model.state_dict().Keys);
        Assert.Equal(trained, parameters.Select(p => p.parameter.requires_grad));
        Assert.Equal(values, model.state_dict().Values.Select(Bits));
        using var x = randn(2, 12);
        using var y = model.call(x);
        Assert.False(y.isnan().any().item<bool>());
    }

    [Fact]
    public void Attaching_inside_a_dispose_scope_keeps_the_adapters()
    {
        using var model = new Mlp();
        AdapterSet set;
        using (NewDisposeScope()) set = AdapterSet.Attach(model, Mlp.Options);
        Assert.All(set.Adapters, a => Assert.False(a.lora_A.IsInvalid));
    }

    [Fact]
    public void The_same_layer_in_two_places_gets_one_adapter()
    {
        using var shared = new Twice();
        var set = AdapterSet.Attach(shared, new AdaLoRAOptions { Budget = 1, InitialRank = 2, Targets = ["*"] });
        Assert.Single(set.Adapters);
    }

    [Fact]
    public void A_target_of_another_dimension_gives_the_same_as_two_dimensions()
    {
        using var scope = NewDisposeScope();
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        Randomise(set);
        var x = randn(2, 3, 12);
        var flat = model.call(x.reshape(6, 12));
        Assert.True(allclose(flat, model.call(x).reshape(6, 3), 1e-6, 1e-6));

        model.call(x).square().sum().backward();
        using var gradient = set.Arena.G!.clone();
        set.Arena.G!.zero_();
        flat = model.call(x.reshape(6, 12));
        flat.square().sum().backward();
        Assert.True(allclose(gradient, set.Arena.G!, 1e-4, 1e-5));
    }

    [Fact]
    public void The_forward_is_the_papers_formula()
    {
        using var scope = NewDisposeScope();
        using var model = new Mlp();
        var layer = (Linear)model.named_modules().First(m => m.name == "first").module;
        var x = randn(5, 12);
        var set = AdapterSet.Attach(model, Mlp.Options);
        Randomise(set);
        var adapter = set.Find("first");
        var expected = nn.functional.linear(x, layer.weight, layer.bias) + x.mm(adapter.lora_A.t()).mul(adapter.lora_E!.t()).mm(adapter.lora_B.t()) * set.Scale;
        Assert.True(allclose(expected, layer.call(x), 1e-5, 1e-6));
    }

    [Fact]
    public void A_bf16_base_gets_fp32_adapters_and_trains()
    {
        using var scope = NewDisposeScope();
        using var model = new Mlp();
        model.to(ScalarType.BFloat16);
        var set = AdapterSet.Attach(model, Mlp.Options);
        Assert.Equal(ScalarType.Float32, set.Adapters[0].lora_A.dtype);
        using var optimizer = set.CreateOptimizer(20, 1e-2);
        for (int i = 0; i < 3; i++)
        {
            model.call(randn(4, 12).to(ScalarType.BFloat16)).to(ScalarType.Float32).square().mean().backward();
            optimizer.step();
        }
        Assert.True(set.Find("second").lora_E!.abs().sum().item<float>() > 0);
    }

    [Fact]
    public void Defaults_follow_the_budget_and_the_smallest_side()
    {
        using var model = new Mlp(inputs: 12, hidden: 6);
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 3, Targets = ["first", "second"] });
        Assert.Equal(6, set.InitialRank);
        Assert.Equal(24, set.Alpha);
        set.Detach();
        Assert.Equal(4, AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 2, Targets = ["first", "second"] }).InitialRank);
    }

    [Fact]
    public void Seeds_give_other_values_and_each_target_its_own()
    {
        using var model = new Mlp(inputs: 20, hidden: 20);
        float[] First(int seed, params string[] targets)
        {
            var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 1, InitialRank = 2, Targets = targets, Seed = seed });
            float[] values = set.Find("first").lora_A.data<float>().ToArray();
            if (targets.Length > 1) Assert.NotEqual(values, set.Find("second").lora_A.data<float>().ToArray());
            set.Detach();
            return values;
        }
        Assert.Equal(First(3, "first"), First(3, "first", "second"));
        Assert.NotEqual(First(3, "first"), First(4, "first"));
    }

    internal static void Randomise(AdapterSet set)
    {
        using var _ = no_grad();
        foreach (var adapter in set.Adapters) adapter.lora_E!.normal_();
        set.Refold();
    }

    private static byte[] Bits(Tensor t) => t.bytes.ToArray();

    private sealed class Twice : nn.Module<Tensor, Tensor>
    {
        private readonly Linear a = nn.Linear(4, 4);
        private readonly Linear b;

        public Twice() : base(nameof(Twice))
        {
            b = a;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => b.call(a.call(x));
    }
}
