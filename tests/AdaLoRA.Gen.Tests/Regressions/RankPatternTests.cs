using System.Text.Json.Nodes;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>A rank_pattern that names no adapted module, or is missing, is not noticed.</summary>
public sealed class RankPatternTests : RegressionTests
{
    [Fact]
    public void Rank_pattern_of_unknown_modules_is_refused()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        Remove(set, "first", 2);
        set.Save(_folder.File("s"));
        set.Detach();
        Edit("s", c =>
        {
            var pattern = (JsonObject)c["rank_pattern"]!;
            var moved = pattern["first.lora_E"]!.DeepClone();
            pattern.Remove("first.lora_E");
            pattern["model.first.lora_E"] = moved;
        });
        Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("s")));
    }

    [Fact]
    public void Fewer_triplets_than_init_r_without_a_pattern()
    {
        using var model = new Mlp();
        var o = Mlp.Options;
        o.Trainable = [];
        var set = AdapterSet.Attach(model, o);
        Randomise(set, 3);
        Remove(set, "first", 2);
        set.Save(_folder.File("s"));
        set.Detach();
        Edit("s", c => c["rank_pattern"] = null);
        Assert.Contains("no rank_pattern says which", Assert.Throws<AdaLoRAException>(() => AdapterSet.Load(model, _folder.File("s"))).Message);
    }
}
