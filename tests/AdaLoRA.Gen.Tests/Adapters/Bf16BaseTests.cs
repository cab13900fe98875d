using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Adapters;

/// <summary>fp32 adapters on a base in bf16 against the same adapters on an fp32 base of the same values.</summary>
public sealed class Bf16BaseTests
{
    private const int Steps = 60;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_are_those_of_the_fp32_base_to_the_precision_of_bf16(bool bytes)
    {
        using var scope = NewDisposeScope();
        var found = Gradients(ScalarType.BFloat16, bytes, out var foundLoss);
        var expected = Gradients(ScalarType.Float32, bytes, out var expectedLoss);
        Assert.Equal(expectedLoss, foundLoss, 0.02 * expectedLoss);
        Assert.Equal(ScalarType.Float32, found.dtype);
        double norm = expected.norm().item<float>();
        Assert.True(norm > 1e-2, $"the gradient's norm is {norm}");
        // Eight bits of mantissa: 2⁻⁹ an activation, which a handful of layers and a softmax add up.
        double error = (found - expected).norm().item<float>() / norm;
        Assert.True(error is > 0 and < 0.02, $"relative error {error:E2}");
    }

    [Fact]
    public void It_learns_as_the_fp32_base_does()
    {
        using var scope = NewDisposeScope();
        var found = Losses(ScalarType.BFloat16);
        var expected = Losses(ScalarType.Float32);
        Assert.True(found[^1] < 0.7 * found[0], $"from {found[0]} to {found[^1]}");
        Assert.Equal(expected[^1], found[^1], 0.1 * expected[0]);
    }

    /// <summary>Updates far below the last bit of a bf16 number add up, for nothing of an adapter is one.</summary>
    [Fact]
    public void Updates_below_the_precision_of_bf16_are_not_lost()
    {
        using var scope = NewDisposeScope();
        var (model, set) = Make(ScalarType.BFloat16, bytes: false);
        using var optimizer = set.CreateOptimizer(200, 1e-6, o => (o.WeightDecay) = 0);
        var before = set.Arena.P.clone();
        using var ids = arange(0, 32, dtype: ScalarType.Int64);
        for (int t = 0; t < 100; t++)
        {
            using var step = NewDisposeScope();
            optimizer.zero_grad();
            nn.functional.cross_entropy(model.call(ids).to(ScalarType.Float32), ids % 5).backward();
            optimizer.step();
        }
        double moved = (set.Arena.P - before).abs().max().item<float>();
        Assert.InRange(moved, 5e-5, 1.5e-4);
    }

    [Fact]
    public void The_base_takes_half_the_bytes_and_no_gradients()
    {
        using var scope = NewDisposeScope();
        var (half, _) = Make(ScalarType.BFloat16, bytes: false);
        var (single, _) = Make(ScalarType.Float32, bytes: false);
        long Bytes(QuantizableMlp model) => Base(model).Sum(p => p.numel() * p.element_size());
        Assert.Equal(Bytes(single), 2 * Bytes(half));
        using var ids = arange(0, 32, dtype: ScalarType.Int64);
        half.call(ids).sum().backward();
        Assert.All(Base(half), p => Assert.Null(p.grad));
        static IEnumerable<Tensor> Base(QuantizableMlp model) => model.named_parameters().Where(p => !p.name.StartsWith("adalora", StringComparison.Ordinal)).Select(p => (Tensor)p.parameter);
    }

    private static Tensor Gradients(ScalarType dtype, bool bytes, out double loss)
    {
        var (model, set) = Make(dtype, bytes);
        using (no_grad())
        {
            using var generator = new Generator(6);
            foreach (var p in set.Adapters.SelectMany(a => a.parameters())) p.normal_(0, 0.2, generator);
        }
        set.Refold();
        var ids = arange(0, 32, dtype: ScalarType.Int64);
        var found = nn.functional.cross_entropy(model.call(ids).to(ScalarType.Float32), ids % 5);
        found.backward();
        loss = found.item<float>();
        return set.Arena.G!.clone();
    }

    private static List<double> Losses(ScalarType dtype)
    {
        var (model, set) = Make(dtype, bytes: false);
        using var optimizer = set.CreateOptimizer(Steps, 1e-2);
        var losses = new List<double>();
        using var ids = arange(0, 32, dtype: ScalarType.Int64);
        for (int t = 0; t < Steps; t++)
        {
            using var step = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.cross_entropy(model.call(ids).to(ScalarType.Float32), ids % 5);
            losses.Add(loss.item<float>());
            loss.backward();
            optimizer.step();
        }
        return losses;
    }

    /// <summary>Values are those of bf16 in either type.</summary>
    private static (QuantizableMlp Model, AdapterSet Set) Make(ScalarType dtype, bool bytes)
    {
        var model = new QuantizableMlp().Seeded(4);
        model.to(ScalarType.BFloat16);
        model.to(dtype);
        if (bytes) model.QuantizeBase();
        return (model, AdapterSet.Attach(model, QuantizableMlp.Options));
    }
}
