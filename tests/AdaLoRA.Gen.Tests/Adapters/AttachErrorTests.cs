using AdaLoRA.Gen.Tests.Models;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>Each mistake gives one sentence that names the thing and the remedy, and leaves the model as it was.</summary>
public sealed class AttachErrorTests
{
    [Theory]
    [InlineData("frist", "'frist'", "'first'")]
    [InlineData("{first,sceond}", "'sceond'", "'second'")]
    public void A_pattern_without_match_names_the_nearest(string pattern, string named, string nearest)
    {
        string message = Refused(o => o.Targets = [pattern]);
        Assert.Contains(named, message);
        Assert.Contains(nearest, message);
    }

    [Fact]
    public void A_module_that_cannot_be_adapted_is_called_by_its_kind()
    {
        using var model = new WithNorm();
        var error = Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 1, Targets = ["norm"] }));
        Assert.Contains("LayerNorm", error.Message);
    }

    [Fact]
    public void A_rank_larger_than_a_layer_names_layer_and_bound()
    {
        string message = Refused(o => o.InitialRank = 13);
        Assert.Contains("'first' (20 × 12)", message);
        Assert.Contains("at most 12", message);
    }

    [Fact]
    public void All_broken_values_are_reported_at_once()
    {
        string message = Refused(o =>
        {
            o.Budget = 0;
            o.Interval = 0;
            o.Beta1 = 1;
            o.InitialWarmup = 0.6;
            o.FinalWarmup = 0.5;
            o.Dropout = 1;
        });
        Assert.All(["Budget is 0", "Interval is 0", "Beta1 is 1", "no budgeting phase", "Dropout is 1"], part => Assert.Contains(part, message));
    }

    [Theory]
    [InlineData("hed")]
    [InlineData("first.wieght")]
    public void A_trainable_pattern_without_match_is_refused(string pattern) => Assert.Contains($"'{pattern}'", Refused(o => o.Trainable = [pattern]));

    [Fact]
    public void A_target_that_is_also_trained_in_full_is_refused() => Assert.Contains("both a target and Trainable", Refused(o => o.Trainable = ["first"]));

    [Fact]
    public void A_target_outside_the_checkpoint_root_is_refused() => Assert.Contains("CheckpointRoot", Refused(o => o.CheckpointRoot = "head"));

    [Fact]
    public void A_second_set_is_refused()
    {
        using var model = new Mlp();
        AdapterSet.Attach(model, Mlp.Options);
        Assert.Contains("already has adapters", Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, Mlp.Options)).Message);
    }

    [Fact]
    public void An_unknown_path_names_those_that_exist()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        Assert.Contains("'first', 'second'", Assert.Throws<AdaLoRAException>(() => set.Find("third")).Message);
    }

    private static string Refused(Action<AdaLoRAOptions> change)
    {
        using var model = new Mlp();
        var names = model.state_dict().Keys.ToArray();
        var options = Mlp.Options;
        change(options);
        var error = Assert.Throws<AdaLoRAException>(() => AdapterSet.Attach(model, options));
        Assert.Equal(names, model.state_dict().Keys);
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
        return error.Message;
    }

    private sealed class WithNorm : nn.Module<Tensor, Tensor>
    {
        private readonly TorchSharp.Modules.Linear layer = nn.Linear(4, 4);
        private readonly TorchSharp.Modules.LayerNorm norm = nn.LayerNorm(4);

        public WithNorm() : base(nameof(WithNorm)) => RegisterComponents();

        public override Tensor forward(Tensor x) => norm.call(layer.call(x));
    }
}
