using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Checkpointing;

/// <summary>Checkpoints where autograd is asked for more than a plain backward.</summary>
public sealed class CheckpointSemanticsTests
{
    [Fact]
    public void What_ran_under_autocast_is_computed_again_under_it()
    {
        if (!Autocast.IsAvailable(DeviceType.CPU)) return;
        Assert.Equal(Gradients(checkpointed: false), Gradients(checkpointed: true));

        static float[] Gradients(bool checkpointed)
        {
            using var scope = NewDisposeScope();
            manual_seed(1);
            using var model = new Mlp();
            var set = AdapterSet.Attach(model, Mlp.Options);
            using (no_grad()) foreach (var adapter in set.Adapters) adapter.lora_E!.fill_(1);
            set.Refold();
            var x = randn(6, 12).requires_grad_(true);
            Tensor y;
            using (Autocast.Enter(DeviceType.CPU)) y = checkpointed ? model.CallCheckpointed(x) : model.call(x);
            // Outside the scope, as it should be.
            y.to(ScalarType.Float32).square().sum().backward();
            ActivationCheckpoint.ThrowIfFailed();
            return set.Arena.G!.data<float>().ToArray();
        }
    }

    [Fact]
    public void A_graph_is_used_once_unless_it_is_kept()
    {
        using var scope = NewDisposeScope();
        var x = randn(4, 4).requires_grad_(true);
        var kept = ActivationCheckpoint.Run(t => t.tanh(), x);
        kept.sum().backward(retain_graph: true);
        kept.sum().backward();
        ActivationCheckpoint.ThrowIfFailed();
        kept.sum().backward();
        Assert.Contains("already used by a backward without retain_graph", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
    }

    [Fact]
    public void Asking_for_the_gradient_of_an_input_does_not_reach_through()
    {
        using var scope = NewDisposeScope();
        using var model = new Mlp();
        var set = AdapterSet.Attach(model, Mlp.Options);
        var x = randn(6, 12).requires_grad_(true);
        Assert.True(autograd.grad([model.CallCheckpointed(x).sum()], [x])[0].isnan().all().item<bool>());
        Assert.Equal(0, set.Arena.G!.abs().max().item<float>());
        Assert.Contains("do not reach through a checkpoint", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
    }
}
