using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Keys of rank_pattern and alpha_pattern are regular expressions on the end of a path.</summary>
public sealed class PatternKeysTests : RegressionTests
{
    private sealed class Nest : Module<Tensor, Tensor>
    {
        private readonly Linear proj;
        private readonly Sequential block;

        public Nest() : base(nameof(Nest))
        {
            proj = Linear(12, 12);
            block = Sequential(("proj", Linear(12, 12)));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => block.call(proj.call(x).tanh());
    }

    [Fact]
    public void Export_with_a_path_that_ends_another()
    {
        using var model = new Nest();
        var options = new AdaLoRAOptions { Budget = 8, InitialRank = 4, Targets = ["proj", "block.proj"], InitialWarmup = 0, FinalWarmup = 0 };
        var set = AdapterSet.Attach(model, options);
        Randomise(set, 3);
        Remove(set, "block.proj", 2);
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        set.SaveAsLoRA(_folder.File("lora"));
        set.Detach();
        string json = File.ReadAllText(_folder.File("lora/adapter_config.json"));
        AdapterSet.Load(model, _folder.File("lora"));
        Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), $"{(expected - model.call(x)).abs().max().item<float>()} {json}");
    }

    [Fact]
    public void First_match_in_alpha_pattern_wins_as_in_peft()
    {
        using var model = new Nest();
        var options = new AdaLoRAOptions { Method = AdapterMethod.LoRA, InitialRank = 4, Targets = ["proj", "block.proj"] };
        var set = AdapterSet.Attach(model, options);
        Randomise(set, 3);
        set.Save(_folder.File("lora"));
        set.Detach();
        Edit("lora", c => c["alpha_pattern"] = new JsonObject { ["proj"] = 8, ["block.proj"] = 2 });
        set = AdapterSet.Load(model, _folder.File("lora"));
        // peft.utils.get_pattern_key: the first key that matches, in the order of the file.
        Assert.Equal(2.0, set.Find("block.proj").Scale);
    }
}
