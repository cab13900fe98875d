using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Combine reads the head of the set that is on as an alias of the parameter, and then switches that set off.</summary>
public sealed class CombineActiveHeadTests : RegressionTests
{
    [Fact]
    public void Combine_keeps_the_head_of_the_set_that_is_on()
    {
        using var model = new Mlp();
        var red = AdapterSet.Attach(model, Mlp.Options, "red");
        Randomise(red, 3);
        using (no_grad()) model.get_parameter("head.bias")!.add_(1);
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        AdapterSet.Combine("both", [(red, 1)]);
        Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), $"{(expected - model.call(x)).abs().max().item<float>()}");
    }
}
