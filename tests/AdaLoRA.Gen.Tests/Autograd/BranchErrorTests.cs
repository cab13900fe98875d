using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>What goes wrong inside a backward pass cannot be thrown there: the next step says it, and trains nothing.</summary>
public sealed class BranchErrorTests
{
    [Fact]
    public void An_input_that_was_changed_in_place() => Fails((block, _) =>
    {
        // Another pass went well: none of it is left, either.
        block.call(randn(6, 24)).sum().backward();
        // Not the input itself, which is a leaf: what the layer saw.
        var x = randn(6, 24) + 0;
        var loss = block.call(x).sum();
        x.add_(1);
        loss.backward();
    }, "layer", "inplace operation");

    [Fact]
    public void A_step_between_forward_and_backward() => Fails((block, optimizer) =>
    {
        var x = randn(6, 24);
        var late = block.call(x).sum();
        block.call(x).sum().backward();
        optimizer.step();
        late.backward();
    }, "a step between forward and backward", "run the forward again");

    [Fact]
    public void Backward_with_create_graph() => Fails((block, _) => block.call(randn(6, 24)).square().sum().backward(create_graph: true), "create_graph: true", "call backward() without it");

    [Fact]
    public void A_move_between_forward_and_backward() => Fails((block, _) =>
    {
        var loss = block.call(randn(6, 24)).sum();
        block.to(ScalarType.Float64);
        block.to(ScalarType.Float32);
        loss.backward();
    }, "moved or compacted between forward and backward", "after it");

    [Fact]
    public void Detaching_between_forward_and_backward_trains_nothing_and_kills_nothing()
    {
        using var scope = NewDisposeScope();
        using var block = new BranchTests.Block();
        var set = AdapterSet.Attach(block, new AdaLoRAOptions { Targets = ["layer"], Budget = 1, InitialRank = 4 });
        var loss = block.call(randn(6, 24)).sum();
        set.Detach();
        loss.backward();
        Assert.Contains("the adapters were detached between forward and backward", Assert.Throws<AdaLoRAException>(set.RequireBackward).Message);
    }

    private static void Fails(Action<BranchTests.Block, AdaLoRAOptimizer> use, params string[] words)
    {
        using var scope = NewDisposeScope();
        using var block = new BranchTests.Block();
        var set = AdapterSet.Attach(block, new AdaLoRAOptions { Targets = ["layer"], Budget = 1, InitialRank = 4, InitialWarmup = 1, FinalWarmup = 1 });
        using var optimizer = set.CreateOptimizer(10, 0.01);
        use(block, optimizer);
        var before = set.Adapters[0].lora_B.detach().clone();
        int steps = optimizer.StepsCompleted;
        var error = Assert.Throws<AdaLoRAException>(() => optimizer.step());
        Assert.All(words, word => Assert.Contains(word, error.Message));
        Assert.Contains("'layer' in Block", error.Message);
        Assert.Equal(0, (before - set.Adapters[0].lora_B).abs().max().item<float>());
        Assert.Equal(steps, optimizer.StepsCompleted);
        Assert.Equal(0, set.Arena.G!.abs().max().item<float>());
        // And the run goes on.
        block.call(randn(6, 24)).sum().backward();
        optimizer.step();
        Assert.Equal(steps + 1, optimizer.StepsCompleted);
    }
}
