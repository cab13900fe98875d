using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Review;

/// <summary>Two layers with one weight cannot be merged.</summary>
public sealed class R05_TiedWeightsTests : ReviewTests
{
    private sealed class Tied : Module<Tensor, Tensor>
    {
        private readonly Embedding wte;
        private readonly Linear head;

        public Tied() : base(nameof(Tied))
        {
            wte = Embedding(16, 8);
            head = Linear(8, 16, hasBias: false);
            head.weight = wte.weight!;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => head.call(wte.call(x));
    }

    [Fact]
    public void Merge_of_tied_weights()
    {
        using var model = new Tied();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 2, Targets = ["wte", "head"] });
        Randomise(set, 3);
        var x = arange(4);
        var expected = model.call(x).detach();
        try
        {
            set.Merge();
        }
        catch (AdaLoRAException)
        {
            return;
        }
        Assert.True(allclose(expected, model.call(x), 1e-3, 1e-3), $"{(expected - model.call(x)).abs().max().item<float>()}");
    }

    [Fact]
    public void Merge_of_one_of_two_tied_weights()
    {
        using var model = new Tied();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 2, Targets = ["wte"] });
        Randomise(set, 3);
        var x = arange(4);
        var expected = model.call(x).detach();
        try
        {
            set.Merge();
        }
        catch (AdaLoRAException)
        {
            return;
        }
        Assert.True(allclose(expected, model.call(x), 1e-3, 1e-3), $"{(expected - model.call(x)).abs().max().item<float>()}");
    }
}
