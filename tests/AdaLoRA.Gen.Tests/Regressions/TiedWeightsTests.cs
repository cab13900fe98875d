using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Two layers with one weight cannot be merged.</summary>
public sealed class TiedWeightsTests : RegressionTests
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
        Assert.Contains("are one tensor (tied weights)", Assert.Throws<AdaLoRAException>(() => set.Merge()).Message);
        Assert.Equal(0, (expected - model.call(x)).abs().max().item<float>());
    }

    [Fact]
    public void Merge_of_one_of_two_tied_weights()
    {
        using var model = new Tied();
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 2, Targets = ["wte"] });
        Randomise(set, 3);
        var x = arange(4);
        var expected = model.call(x).detach();
        Assert.Contains("are one tensor (tied weights)", Assert.Throws<AdaLoRAException>(() => set.Merge()).Message);
        Assert.Equal(0, (expected - model.call(x)).abs().max().item<float>());
    }
}
