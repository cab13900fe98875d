using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>What a new user did wrong and was not told, or told wrongly.</summary>
public sealed class FirstMistakesTests : RegressionTests
{
    [Fact]
    public void A_budget_that_pays_for_no_triplet_is_told_at_attach()
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        (options.BudgetUnit, options.Budget) = (BudgetUnit.Parameters, 20);
        Assert.Contains("pays for no triplet: the cheapest, of 'first', has 33 parameters", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options)).Message);
    }

    [Fact]
    public void A_limit_without_effect_is_told_at_attach()
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        options.RankLimits = ["second: 1..", "*: ..3"];
        Assert.Contains("'second: 1..' has no effect", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options)).Message);
        options.RankLimits = ["*: ..3", "*: ..3"];
        Assert.Contains("'*: ..3' has no effect", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options)).Message);
        options.RankLimits = ["*: ..3", "second: 1.."];
        AdapterSet.Attach(model, options);
    }

    /// <summary>One alternative that matched hid the others.</summary>
    [Theory]
    [InlineData("{first,secnd}: 1..", "'secnd' of RankLimits '{first,secnd}: 1..' matches no target; the nearest is 'second'.")]
    [InlineData("secnd: 1..", "RankLimits 'secnd: 1..' matches no target; the nearest is 'second'.")]
    public void Each_alternative_of_a_limit_has_to_match(string limit, string expected)
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        options.RankLimits = [limit];
        Assert.EndsWith(expected, Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options)).Message, StringComparison.Ordinal);
    }

    /// <summary>Validate threw instead of telling it with the other mistakes.</summary>
    [Fact]
    public void A_pattern_that_cannot_be_read_is_one_of_the_broken_rules()
    {
        var options = new AdaLoRAOptions { Budget = 1, Dropout = 1, Targets = ["*.{a"], Trainable = ["b}"], RankLimits = ["{c: 1.."] };
        Assert.Equal(
        [
            "Targets: The pattern '*.{a' opens a brace that it never closes; add the '}'.",
            "Trainable: The pattern 'b}' closes a brace that it never opens; remove the '}'.",
            "Dropout is 1; it must be at least 0 and below 1.",
            "RankLimits: The pattern '{c' opens a brace that it never closes; add the '}'.",
        ], options.Validate());
    }

    [Theory]
    [InlineData("*.seccond", "the nearest is 'inner.second'")]
    [InlineData("*.secnd", "the nearest is 'inner.second'")]
    [InlineData("second", "write '*.second' for 'inner.second'")]
    [InlineData("*.iner.first", "the nearest is 'inner.first'")]
    public void The_nearest_path_is_the_one_that_was_meant(string pattern, string expected)
    {
        using var inner = new Mlp();
        using var outer = new Outer(inner);
        Assert.Contains(expected, Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(outer, new AdaLoRAOptions { Budget = 1, Targets = [pattern] })).Message);
    }

    [Fact]
    public void The_optimizer_of_before_says_that_there_is_another_one()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        using var first = set.CreateOptimizer(12);
        using var second = set.CreateOptimizer(12);
        model.call(randn(4, 12)).sum().backward();
        Assert.Contains("Another optimizer was created", Assert.Throws<AdaLoRAException>(() => first.step()).Message);
        second.step();
    }

    /// <summary>"none" beside trained biases: PEFT's own save would drop them.</summary>
    [Fact]
    public void An_export_of_a_loaded_set_says_which_biases_it_holds()
    {
        using var model = new Mlp();
        var options = Mlp.Options;
        (options.Trainable, options.Bias) = ([], BiasTraining.AdapterOnly);
        var set = AdapterSet.Attach(model, options);
        Randomise(set, 3);
        set.Save(_folder.File("s"));
        set.Detach();
        set = AdapterSet.Load(model, _folder.File("s"), name: "loaded");
        set.SaveAsLoRA(_folder.File("lora"));
        Assert.Contains("\"bias\": \"lora_only\"", File.ReadAllText(_folder.File("lora/adapter_config.json")));
        AdapterSet.Combine("both", [(set, 1)]).SaveAsLoRA(_folder.File("both"));
        Assert.Contains("\"bias\": \"lora_only\"", File.ReadAllText(_folder.File("both/adapter_config.json")));
    }

    private sealed class Outer : nn.Module<Tensor, Tensor>
    {
        private readonly Mlp inner;
        private readonly TorchSharp.Modules.Linear x = nn.Linear(12, 12);

        public Outer(Mlp inner) : base(nameof(Outer))
        {
            this.inner = inner;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => inner.call(x.call(input));
    }
}
