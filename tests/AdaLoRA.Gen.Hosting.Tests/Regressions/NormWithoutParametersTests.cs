using AdaLoRA.Gen.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Hosting.Tests.Regressions;

/// <summary>A trained module that holds a norm without parameters of its own: its running statistics belong to the module, too (PEFT saves them with modules_to_save).</summary>
public class NormWithoutParametersTests
{
    private sealed class Normed : Module<Tensor, Tensor>
    {
        private readonly Linear first = Linear(12, 12);
        private readonly Sequential head = Sequential(("dense", Linear(12, 12)), ("norm", BatchNorm1d(12, affine: false)));

        public Normed() : base(nameof(Normed)) => RegisterComponents();

        public override Tensor forward(Tensor x) => head.call(first.call(x));
    }

    [Fact]
    public void Its_statistics_go_with_the_folder()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var model = new Normed();
        var other = new Normed();
        other.load_state_dict(model.state_dict());
        var set = AdapterSet.Attach(model, new AdaLoRAOptions { Budget = 4, InitialRank = 4, Targets = ["first"], Trainable = ["head"] });
        for (int i = 0; i < 20; i++) model.call(randn(16, 12) * 3 + 2);
        model.eval();
        other.eval();
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        set.Save(folder.File("s"));
        AdapterSet.Load(other, folder.File("s"));
        Assert.True(allclose(expected, other.call(x), 1e-4, 1e-4), $"{(expected - other.call(x)).abs().max().item<float>()}");
    }
}
