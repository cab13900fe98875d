using AdaLoRA.Gen.Tests.Models;
using AdaLoRA.Gen.Tests.Optimization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Regressions;

/// <summary>Own parameters were frozen, the norm of a large factor was low, and a scope forgot that no copies were wanted.</summary>
public sealed class FreezeNormAndDisableTests : RegressionTests
{
    [Fact]
    public void Disable_of_a_set_merged_without_copies()
    {
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        Randomise(set, 3);
        set.Merge(keepCopies: false);
        set.Disable().Dispose();
        var field = typeof(AdapterSet).GetField("_unmerged", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!;
        Assert.Empty((System.Collections.IEnumerable)field.GetValue(set)!);
    }

    [Fact]
    public void Own_parameters_are_trainable()
    {
        using Run run = new(ScalarType.Float32);
        Assert.All(run.Set.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Sum_of_squares_of_a_large_factor()
    {
        int rank = 64, vocabulary = 50257;
        using var g = full(rank * vocabulary, 0.001f);
        double found;
        unsafe
        {
            fixed (byte* p = g.bytes) found = AdaLoRA.Gen.Arena.SimdKernels.SumOfSquares((float*)p, g.numel());
        }
        Assert.Equal(1, found / (g.numel() * 1e-6), 1e-4);
    }
}
