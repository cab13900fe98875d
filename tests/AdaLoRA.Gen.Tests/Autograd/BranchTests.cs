using AdaLoRA.Gen.Autograd;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>An adapted layer as one node, against the same arithmetic in ordinary operations of double precision.</summary>
public sealed class BranchTests
{
    [Fact]
    public void The_native_interface_answers_as_it_should() => Assert.True(GraphTask.IsUsable || !OperatingSystem.IsLinux());

    [Theory]
    [InlineData(12, false, BiasTraining.None, false)]
    [InlineData(3, false, BiasTraining.None, true)]
    [InlineData(18, false, BiasTraining.AdapterOnly, false)]
    [InlineData(5, true, BiasTraining.None, false)]
    [InlineData(5, true, BiasTraining.AdapterOnly, true)]
    public void Output_and_gradients_are_those_of_ordinary_operations(int rank, bool isTransposed, BiasTraining bias, bool isBatched)
    {
        using var scope = NewDisposeScope();
        using var block = new Block(isTransposed);
        var set = Attach(block, rank, bias);
        var x = (isBatched ? randn(2, 7, 24) : randn(14, 24)).requires_grad_(true);
        var weights = randn(40);
        var y = block.call(x);
        (y * weights).sum().backward();

        var reference = new Reference(block, set, x);
        var expected = reference.Output();
        (expected * weights.to(ScalarType.Float64)).sum().backward();
        Close(expected, y, "output");
        Close(reference.X.grad!, x.grad!, "input");
        var arena = set.Arena;
        Close(reference.Folded.grad!, arena.ViewA(arena.G!, 0), "A·E·scale");
        Close(reference.Bt.grad!, arena.ViewBt(arena.G!, 0), "B");
        if (bias == BiasTraining.AdapterOnly) Close(reference.Bias.grad!, block.get_parameter("layer.bias")!.grad!, "bias");
        else Assert.Null(block.get_parameter("layer.bias")!.grad);
        Assert.Null(block.get_parameter("layer.weight")!.grad);
    }

    [Fact]
    public void An_input_without_gradient_trains_the_adapter()
    {
        using var scope = NewDisposeScope();
        using var block = new Block();
        var set = Attach(block, 4);
        var x = randn(6, 24);
        block.call(x).sum().backward();
        var reference = new Reference(block, set, x);
        reference.Output().sum().backward();
        Close(reference.Bt.grad!, set.Arena.ViewBt(set.Arena.G!, 0), "B");
    }

    [Fact]
    public void Backward_passes_add_up_through_one_layer_called_twice_and_a_graph_used_twice()
    {
        using var scope = NewDisposeScope();
        using var block = new Block();
        var set = Attach(block, 4);
        var (first, second) = (randn(6, 24), randn(3, 24));
        var loss = block.call(first).sum() + 2 * block.call(second).sum();
        loss.backward(retain_graph: true);
        loss.backward();
        var reference = new Reference(block, set, first);
        (2 * reference.Output().sum() + 4 * reference.Output(second).sum()).backward();
        Close(reference.Bt.grad!, set.Arena.ViewBt(set.Arena.G!, 0), "B");
        Close(reference.Folded.grad!, set.Arena.ViewA(set.Arena.G!, 0), "A·E·scale");
    }

    [Fact]
    public void The_output_may_be_changed_in_place()
    {
        using var scope = NewDisposeScope();
        using var block = new Block();
        var set = Attach(block, 4);
        var x = randn(2, 3, 24).requires_grad_(true);
        block.call(x).mul_((Scalar)3.0).relu_().square().sum().backward();
        var reference = new Reference(block, set, x);
        (reference.Output() * 3).relu().square().sum().backward();
        Close(reference.X.grad!, x.grad!, "input");
        Close(reference.Bt.grad!, set.Arena.ViewBt(set.Arena.G!, 0), "B");
    }

    [Fact]
    public void Asking_for_the_gradient_of_an_input_leaves_the_adapters_alone()
    {
        using var scope = NewDisposeScope();
        using var block = new Block();
        var set = Attach(block, 4);
        var x = randn(6, 24).requires_grad_(true);
        var dx = autograd.grad([block.call(x).sum()], [x])[0];
        var reference = new Reference(block, set, x);
        reference.Output().sum().backward();
        Close(reference.X.grad!, dx, "input");
        Assert.Equal(0, set.Arena.G!.abs().max().item<float>());
        Assert.Null(x.grad);
    }

    [Fact]
    public void A_set_that_was_loaded_to_be_used_passes_gradients_to_its_input()
    {
        using var scope = NewDisposeScope();
        using var folder = new Testing.TemporaryFolder();
        using var block = new Block();
        Attach(block, 4).Save(folder.Path);
        AdapterSet.Of(block)!.Detach();
        var set = AdapterSet.Load(block, folder.Path);
        var x = randn(6, 24).requires_grad_(true);
        block.call(x).sum().backward();
        var reference = new Reference(block, set, x);
        reference.Output().sum().backward();
        Close(reference.X.grad!, x.grad!, "input");
        Assert.NotNull(block.get_parameter("layer.weight")!.grad);
    }

    [Fact]
    public void Graphs_that_are_never_used_leave_nothing_behind()
    {
        using var outer = NewDisposeScope();
        using var block = new Block();
        Attach(block, 4);
        var x = randn(6, 24);
        long before = 0;
        for (int i = 0; i < 300; i++)
        {
            if (i == 100) before = Tensor.TotalCount;
            // Narrow of them are left to the finalizer.
            if (i % 2 == 0) block.call(x).Dispose();
            else Abandon(block, x);
            if (i % 50 == 49) Collect();
        }
        Collect();
        Assert.InRange(Tensor.TotalCount, 0, before + 60);

        static void Abandon(Block block, Tensor x) => block.call(x).DetachFromDisposeScope();

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static AdapterSet Attach(Block block, int rank, BiasTraining bias = BiasTraining.None)
    {
        var set = AdapterSet.Attach(block, new AdaLoRAOptions { Targets = ["layer"], Budget = 1, InitialRank = rank, Bias = bias });
        using var _ = no_grad();
        set.Adapters[0].lora_E!.copy_(randn(rank, 1));
        set.Refold();
        return set;
    }

    private static void Close(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double difference = (expected - actual.to(ScalarType.Float64)).abs().max().item<double>(), size = expected.abs().max().item<double>();
        Assert.True(size > 0, $"{what} is zero");
        Assert.True(difference <= 2e-6 * size, $"{what} differs by {difference} of {size}");
    }

    internal sealed class Block : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> layer;

        public Block(bool isTransposed = false) : base(nameof(Block))
        {
            layer = isTransposed ? new TransposedLinear(24, 40) : Linear(24, 40);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => layer.call(x);
    }

    /// <summary>y = x·Wᵀ + b + (x·AEᵀ)·Bᵀ in double precision, AE and B as leaves.</summary>
    private sealed class Reference
    {
        private readonly Tensor _weight;

        public Reference(Block block, AdapterSet set, Tensor x)
        {
            bool isTransposed = block.named_children().Single(c => c.name == "layer").module is TransposedLinear;
            var weight = Wide(block.get_parameter("layer.weight")!);
            _weight = isTransposed ? weight.t() : weight;
            Bias = Wide(block.get_parameter("layer.bias")!).requires_grad_(true);
            X = Wide(x).requires_grad_(true);
            var arena = set.Arena;
            Folded = Wide(AdaLoRA.Gen.Arena.AdapterArena.View(arena.AE, arena.Layout.FoldedOffsets[0], arena.Layout.Shapes[0].Rank, 24)).requires_grad_(true);
            Bt = Wide(arena.ViewBt(arena.P, 0)).requires_grad_(true);
        }

        public Tensor X { get; }

        public Tensor Folded { get; }

        public Tensor Bt { get; }

        public Tensor Bias { get; }

        public Tensor Output() => Output(X);

        public Tensor Output(Tensor x)
        {
            x = x.to(ScalarType.Float64);
            return x.matmul(_weight.t()) + Bias + x.matmul(Folded.t()).matmul(Bt);
        }

        private static Tensor Wide(Tensor t) => t.detach().to(ScalarType.Float64).clone();
    }
}
