using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Checkpointing;

/// <summary>What goes wrong in a checkpoint is said in one sentence, at a moment when an exception is safe.</summary>
public sealed class CheckpointFailureTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Tensor _x = randn(4, 6).requires_grad_(true);

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_body_that_fails_in_backward_is_reported_by_the_next_checkpoint_once()
    {
        ActivationCheckpoint.Run(FailingInBackward(), _x).sum().backward();
        var error = Assert.Throws<AdaLoRAException>(() => ActivationCheckpoint.Run(x => x * 2, _x));
        Assert.Equal("A checkpoint failed when backward computed it again, so the gradients are incomplete; call zero_grad() before going on. out of luck", error.Message);
        Assert.IsType<InvalidOperationException>(error.InnerException);
        ActivationCheckpoint.Run(x => x * 2, _x).sum().backward();
        ActivationCheckpoint.ThrowIfFailed();
    }

    [Fact]
    public void Nothing_below_trains_on_a_gradient_that_is_missing()
    {
        int runsBelow = 0;
        var below = ActivationCheckpoint.Run(x => { runsBelow++; return x * 2; }, _x);
        var y = ActivationCheckpoint.Run(FailingInBackward(), below);
        y.sum().backward();
        Assert.True(_x.grad!.isnan().all().item<bool>());
        // What is lost anyway is not computed again.
        Assert.Equal(1, runsBelow);
        Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed);
    }

    [Fact]
    public void The_optimizers_step_takes_no_step_with_it()
    {
        using var model = new DropNet { Checkpointing = true };
        var set = AdapterSet.Attach(model, DropNet.Options);
        using var optimizer = set.CreateOptimizer(20, 1e-2);
        var ids = arange(0, 8, ScalarType.Int64);
        void Backward() => model.call(ids).square().mean().backward();
        Backward();
        optimizer.step();
        byte[] before = set.Arena.P.bytes.ToArray();

        model.Blocks[1].Before = run => { if (run % 2 == 0) throw new InvalidOperationException("no power"); };
        Backward();
        Assert.EndsWith("no power", Assert.Throws<AdaLoRAException>(() => optimizer.step()).Message);
        Assert.Equal(before, set.Arena.P.bytes.ToArray());

        model.Blocks[1].Before = null;
        optimizer.zero_grad();
        Backward();
        optimizer.step();
        Assert.Equal((2, 0L), (optimizer.StepsCompleted, optimizer.SkippedSteps));
    }

    [Fact]
    public void A_failure_inside_a_nested_checkpoint_is_reported_once()
    {
        var inner = FailingInBackward(first: 3);
        ActivationCheckpoint.Run(x => ActivationCheckpoint.Run(inner, x * 2), _x).sum().backward();
        Assert.EndsWith("out of luck", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
        ActivationCheckpoint.ThrowIfFailed();
    }

    [Fact]
    public void A_failure_in_forward_is_thrown_there_and_leaves_nothing()
    {
        // What earlier tests left to the finalizer goes now, or it would be counted.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        Assert.Throws<InvalidOperationException>(() => ActivationCheckpoint.Run((Tensor x) => x.exp().isnan().any().item<bool>() ? x : throw new InvalidOperationException(), _x));
        Assert.Equal(before, Tensor.TotalCount);
        ActivationCheckpoint.ThrowIfFailed();
    }

    [Fact]
    public void A_body_that_changes_its_input_in_place_is_refused_at_once()
    {
        var given = _x * 1;
        var error = Assert.Throws<AdaLoRAException>(() => ActivationCheckpoint.Run(x => x.add_(1), given));
        Assert.Contains("changes its input 0 in place", error.Message);
    }

    [Fact]
    public void An_input_that_is_changed_before_backward_is_found_out()
    {
        var given = _x * 1;
        var y = ActivationCheckpoint.Run(x => x * x, given);
        using (no_grad()) given.add_(1);
        y.sum().backward();
        Assert.Contains("modified by an inplace operation", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
    }

    [Fact]
    public void A_module_in_another_mode_is_not_computed_again()
    {
        using var module = nn.Dropout(0.5);
        var y = module.CallCheckpointed(_x);
        module.eval();
        y.sum().backward();
        Assert.Contains("Dropout was switched to evaluation mode between forward and backward", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
    }

    [Fact]
    public void Second_derivatives_and_bodies_of_another_length_are_refused()
    {
        ActivationCheckpoint.Run(x => x * x, _x).sum().backward(create_graph: true);
        Assert.Contains("create_graph", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);

        int runs = 0;
        ActivationCheckpoint.Run(t => ++runs == 1 ? [t[0] * 2, t[0] * 3] : (IReadOnlyList<Tensor>)[t[0]], [_x])[0].sum().backward();
        Assert.Contains("gave 2 tensors in forward and 1 in backward", Assert.Throws<AdaLoRAException>(ActivationCheckpoint.ThrowIfFailed).Message);
    }

    [Fact]
    public void Each_thread_hears_of_its_own_failures_only()
    {
        Exception? other = null;
        var thread = new Thread(() =>
        {
            using var scope = NewDisposeScope();
            ActivationCheckpoint.Run(FailingInBackward(), randn(3).requires_grad_(true)).sum().backward();
            other = Record.Exception(ActivationCheckpoint.ThrowIfFailed);
        });
        thread.Start();
        thread.Join();
        ActivationCheckpoint.ThrowIfFailed();
        Assert.IsType<AdaLoRAException>(other);
    }

    /// <summary>Doubles; fails from a run on.</summary>
    private static Func<Tensor, Tensor> FailingInBackward(int first = 2)
    {
        int runs = 0;
        return x => ++runs < first ? x * 2 : throw new InvalidOperationException("out of luck");
    }
}
