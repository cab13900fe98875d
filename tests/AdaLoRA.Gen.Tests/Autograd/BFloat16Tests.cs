using AdaLoRA.Gen.Autograd;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>An fp32 adapter on a bf16 layer.</summary>
public sealed unsafe class BFloat16Tests
{
    [Fact]
    public void Widening_and_adding_are_torchs_to_the_bit()
    {
        using var scope = NewDisposeScope();
        const int count = 5_003;
        manual_seed(1);
        var narrow = cat([randn(count - 3).mul_(1e3), tensor([float.NaN, float.PositiveInfinity, 0f])]).to(ScalarType.BFloat16);
        var change = cat([randn(count - 19), full(16, BitConverter.UInt32BitsToSingle(0x7fffffff)), tensor([1f, 1f, -0f])]);
        var expected = narrow.to(ScalarType.Float32).add(change).to(ScalarType.BFloat16);
        var wide = zeros(count);
        var bits = narrow.view(-1).clone();
        fixed (byte* n = bits.bytes)
        {
            BFloat16Rows.Widen((ushort*)n, TensorMemory.Floats(wide), count);
            BFloat16Rows.Add(TensorMemory.Floats(change), (ushort*)n, count);
        }
        Assert.Equal(narrow.to(ScalarType.Float32).data<float>().ToArray(), wide.data<float>().ToArray());
        Assert.Equal(expected.to(ScalarType.Float32).data<float>().ToArray(), bits.to(ScalarType.Float32).data<float>().ToArray());
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(0.3, false)]
    public void Gradients_are_those_of_the_same_layer_in_fp32(double dropout, bool trainsBias)
    {
        using var scope = NewDisposeScope();
        using BranchTests.Block narrow = new(), wide = new();
        manual_seed(2);
        narrow.to(ScalarType.BFloat16);
        using (no_grad()) foreach (var (name, p) in wide.named_parameters()) p.copy_(narrow.get_parameter(name)!);
        var x = randn(6, 24).to(ScalarType.BFloat16);
        var weights = randn(6, 40).to(ScalarType.BFloat16);
        var (y, dx, set) = Run(narrow, x, weights);
        var (expectedY, expectedDx, expectedSet) = Run(wide, x.to(ScalarType.Float32), weights.to(ScalarType.Float32));
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Assert.Equal(ScalarType.BFloat16, dx.dtype);
        Assert.Equal(ScalarType.Float32, set.Arena.G!.dtype);
        Assert.False(set.Adapters[0].UsesLeaves);
        // The layer's own product rounds once, the sum with the adapter once more.
        Close(expectedY, y, 1.0 / 128);
        Close(expectedDx, dx, 1.0 / 128);
        // Inputs and output gradients are the same numbers, so the adapter's are exact.
        Close(expectedSet.Arena.G!, set.Arena.G!, 1e-6);

        (Tensor, Tensor, AdapterSet) Run(BranchTests.Block block, Tensor input, Tensor target)
        {
            var set = AdapterSet.Attach(block, new AdaLoRAOptions { Targets = ["layer"], Budget = 1, InitialRank = 4, Dropout = dropout, Bias = trainsBias ? BiasTraining.AdapterOnly : BiasTraining.None });
            block.train();
            using (no_grad()) set.Adapters[0].lora_E!.copy_(arange(1, 5, dtype: ScalarType.Float32).view(4, 1));
            set.Refold();
            input = input.detach().clone().requires_grad_(true);
            manual_seed(4);
            var output = block.call(input);
            (output * target).sum().backward();
            return (output, input.grad!, set);
        }
    }

    private static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        expected = expected.detach();
        double difference = (expected - actual.detach().to(ScalarType.Float32)).abs().max().item<float>(), size = expected.abs().max().item<float>();
        Assert.True(size > 0 && difference <= tolerance * size, $"differs by {difference} of {size}");
    }
}
