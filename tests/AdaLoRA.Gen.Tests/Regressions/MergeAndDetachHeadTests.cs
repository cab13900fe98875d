using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>What another set remembers as the base is older than the merged head.</summary>
public sealed class MergeAndDetachHeadTests : RegressionTests
{
    [Fact]
    public void MergeAndDetach_then_another_set_is_switched_off()
    {
        using var model = new Mlp();
        var red = AdapterSet.Attach(model, Mlp.Options);
        Randomise(red, 3);
        using (no_grad()) model.get_parameter("head.bias")!.add_(1);
        red.Save(_folder.File("red"));
        red.Detach();
        using (no_grad()) model.get_parameter("head.bias")!.sub_(1);
        red = AdapterSet.Load(model, _folder.File("red"), name: "red");
        var x = randn(4, 12);
        var expected = model.call(x).detach();
        var blue = AdapterSet.Load(model, _folder.File("red"), name: "blue");
        red.Activate();
        red.MergeAndDetach();
        Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), "merged");
        blue.Activate();
        blue.Deactivate();
        Assert.True(allclose(expected, model.call(x), 1e-4, 1e-4), "after");
    }
}
