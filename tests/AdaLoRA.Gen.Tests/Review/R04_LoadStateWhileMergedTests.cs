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

/// <summary>A state is loaded into a merged set: what Unmerge takes out is not what Merge put in.</summary>
public sealed class R04_LoadStateWhileMergedTests : ReviewTests
{
    [Fact]
    public void LoadState_while_merged()
    {
        using Run run = new(ScalarType.Float32);
        var before = run.Model.get_parameter("first.weight")!.detach().clone();
        run.Steps(2);
        run.Optimizer.SaveState(_folder.File("s"));
        run.Steps(6);
        run.Set.Merge(keepCopies: false);
        try
        {
            run.Optimizer.LoadState(_folder.File("s"));
        }
        catch (AdaLoRAException)
        {
            return;
        }
        run.Set.Unmerge();
        Assert.True(allclose(before, run.Model.get_parameter("first.weight")!, 1e-5, 1e-6), $"{(before - run.Model.get_parameter("first.weight")!).abs().max().item<float>()}");
    }

    /// <summary>The base's head after the active set with the head is detached and another one of the same head is switched off.</summary>
    [Fact]
    public void Merge_keeps_up_with_training_state()
    {
        using Run run = new(ScalarType.Float32);
        run.Steps(2);
        run.Optimizer.SaveState(_folder.File("s"));
        run.Steps(4);
        run.Set.Merge();
        run.Optimizer.LoadState(_folder.File("s"));
        var x = randn(4, 12);
        var merged = run.Model.call(x).detach();
        run.Set.Unmerge();
        Assert.True(allclose(merged, run.Model.call(x), 1e-4, 1e-5), $"{(merged - run.Model.call(x)).abs().max().item<float>()}");
    }
}
