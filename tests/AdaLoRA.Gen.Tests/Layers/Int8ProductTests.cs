using AdaLoRA.Gen.Layers;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Layers;

/// <summary>The product with int8 rows against a Linear whose weight is the floats that they stand for.</summary>
public sealed class Int8ProductTests
{
    public static TheoryData<string, long[]> Inputs => new()
    {
        { "1-D", [37] },
        { "2-D", [5, 37] },
        { "3-D", [2, 3, 37] },
        { "4-D", [2, 1, 3, 37] },
        { "no rows", [0, 37] },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void Values_and_gradients_are_those_of_the_dequantised_linear(string kind, long[] shape)
    {
        foreach (var (dtype, tolerance) in ((ScalarType, double)[])[(ScalarType.Float64, 1e-12), (ScalarType.Float32, 2e-6), (ScalarType.BFloat16, 0.05)])
        {
            using var scope = NewDisposeScope();
            var (layer, linear) = Pair(37, 23, dtype);
            Tensor x = randn(shape, dtype: dtype).requires_grad_(), same = x.detach().clone().requires_grad_();
            Tensor y = layer.call(x), expected = linear.call(same);
            Assert.Equal(dtype, y.dtype);
            Close(expected, y, tolerance, kind);
            var direction = randn_like(y);
            (y * direction).sum().backward();
            (expected * direction).sum().backward();
            Close(same.grad!, x.grad!, tolerance, kind);
            Close(linear.bias!.grad!, layer.bias!.grad!, tolerance, kind);
            Assert.Null(layer.weight.grad);
        }
    }

    [Fact]
    public void Results_do_not_depend_on_the_tile()
    {
        using var scope = NewDisposeScope();
        var (layer, linear) = Pair(37, 23, ScalarType.Float64);
        Tensor x = randn(5, 37, dtype: ScalarType.Float64), dy = randn(5, 23, dtype: ScalarType.Float64), s = layer.weight_scale!;
        // One row, two rows and a short last tile, all rows, fewer elements than a row.
        foreach (long elements in (long[])[37, 80, 37 * 7, 37 * 23, 1 << 20, 1])
        {
            Close(x.mm(linear.weight.t()), Int8Product.Multiply(x, layer.weight, s, elements), 1e-12, $"forward, {elements}");
            Close(dy.mm(linear.weight), Int8Product.MultiplyTransposed(dy, layer.weight, s, elements), 1e-12, $"backward, {elements}");
        }
    }

    /// <summary>More than one tile of the real size, against differences of the function itself.</summary>
    [Fact]
    public void Gradients_are_the_slopes_of_the_function()
    {
        using var scope = NewDisposeScope();
        var (layer, _) = Pair(2_048, 600, ScalarType.Float64);
        Assert.True(2_048 * 600 > 2 * Int8Product.TileElements);
        var x = randn(2, 2_048, dtype: ScalarType.Float64).requires_grad_();
        layer.call(x).square().sum().backward();
        using var _ = no_grad();
        for (int i = 0; i < 3; i++)
        {
            var direction = randn_like(x);
            const double H = 1e-4;
            double slope = ((layer.call(x + direction * H).square().sum() - layer.call(x - direction * H).square().sum()) / (2 * H)).item<double>();
            double found = (x.grad! * direction).sum().item<double>();
            Assert.True(Math.Abs(slope - found) <= 1e-6 * Math.Abs(slope) + 1e-4, $"{slope} and {found}");
        }
    }

    [Fact]
    public void Backward_may_run_twice_and_gradients_accumulate()
    {
        using var scope = NewDisposeScope();
        var (layer, linear) = Pair(37, 23, ScalarType.Float64);
        Tensor x = randn(5, 37, dtype: ScalarType.Float64).requires_grad_(), same = x.detach().clone().requires_grad_();
        foreach (var (module, input) in ((nn.Module<Tensor, Tensor>, Tensor)[])[(layer, x), (linear, same)])
        {
            // One input in two places, one graph walked twice, a second graph on top.
            var loss = (module.call(input).square() + module.call(input * 2)).sum();
            loss.backward(retain_graph: true);
            loss.backward();
            module.call(input).square().sum().backward();
        }
        Close(same.grad!, x.grad!, 1e-11, "accumulated");
    }

    [Fact]
    public void Without_gradients_nothing_is_recorded()
    {
        using var scope = NewDisposeScope();
        var (layer, linear) = Pair(37, 23, ScalarType.Float32);
        layer.bias!.requires_grad = false;
        var x = randn(5, 37);
        Assert.False(layer.call(x).requires_grad);
        x.requires_grad = true;
        using (no_grad()) Assert.False(layer.call(x).requires_grad);
        Assert.True(layer.call(x).requires_grad);
        layer.eval();
        Close(linear.call(x.detach()), layer.call(x.detach()), 2e-6, "eval");
    }

    /// <summary>Hooks and residual sums write into a layer's output; that has to be allowed, and seen by autograd.</summary>
    [Fact]
    public void The_output_may_be_written_in_place()
    {
        using var scope = NewDisposeScope();
        var (layer, linear) = Pair(37, 23, ScalarType.Float64);
        layer.bias = null;
        linear.bias!.detach().zero_();
        Tensor x = randn(2, 5, 37, dtype: ScalarType.Float64).requires_grad_(), same = x.detach().clone().requires_grad_();
        Tensor other = randn(2, 5, 23, dtype: ScalarType.Float64).requires_grad_(), sameOther = other.detach().clone().requires_grad_();
        layer.call(x).add_(other).square().sum().backward();
        (linear.call(same) + sameOther).square().sum().backward();
        Close(same.grad!, x.grad!, 1e-11, "input");
        Close(sameOther.grad!, other.grad!, 1e-11, "summand");
    }

    [Fact]
    public void A_second_derivative_is_refused_at_the_next_forward()
    {
        using var scope = NewDisposeScope();
        var (layer, _) = Pair(37, 23, ScalarType.Float32);
        var x = randn(5, 37).requires_grad_();
        var gradient = autograd.grad([layer.call(x).square().sum()], [x], create_graph: true)[0];
        Assert.True(gradient.isnan().all().item<bool>());
        string message = Assert.Throws<AdaLoRAException>(() => layer.call(x)).Message;
        Assert.StartsWith("The last backward pass through a QuantizableLinear failed, and its gradient was NaN: An int8 weight can be differentiated through once, not twice", message, StringComparison.Ordinal);
        layer.call(x).sum().backward();
    }

    [Fact]
    public void A_weight_that_was_written_before_its_backward_is_refused_at_the_next_forward()
    {
        using var scope = NewDisposeScope();
        var (layer, _) = Pair(37, 23, ScalarType.Float32);
        var x = randn(5, 37).requires_grad_();
        var y = layer.call(x);
        using (no_grad()) layer.weight.neg_();
        y.sum().backward();
        Assert.True(x.grad!.isnan().all().item<bool>());
        Assert.Contains("modified by an inplace operation", Assert.Throws<AdaLoRAException>(() => layer.call(x)).Message, StringComparison.Ordinal);
    }

    /// <summary>A weight that was replaced is another matter: the graph still has the one it was built with.</summary>
    [Fact]
    public void A_weight_that_was_replaced_before_its_backward_does_not_disturb()
    {
        using var scope = NewDisposeScope();
        var (layer, linear) = Pair(37, 23, ScalarType.Float64);
        Tensor x = randn(5, 37, dtype: ScalarType.Float64).requires_grad_(), same = x.detach().clone().requires_grad_();
        var y = layer.call(x);
        layer.Quantize(randn(23, 37, dtype: ScalarType.Float64));
        y.sum().backward();
        linear.call(same).sum().backward();
        Close(same.grad!, x.grad!, 1e-12, "gradient");
    }

    [Theory]
    [InlineData(new long[] { 5, 36 }, ScalarType.Float32)]
    [InlineData(new long[] { }, ScalarType.Float32)]
    [InlineData(new long[] { 5, 37 }, ScalarType.Int64)]
    public void An_input_that_does_not_fit_is_refused(long[] shape, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var (layer, _) = Pair(37, 23, ScalarType.Float32);
        Assert.StartsWith("A QuantizableLinear of 37 inputs was given", Assert.Throws<AdaLoRAException>(() => layer.call(zeros(shape, dtype: dtype))).Message, StringComparison.Ordinal);
    }

    /// <summary>An int8 layer and the Linear of the floats that its weight stands for, rounded to the type.</summary>
    internal static (QuantizableLinear Layer, Linear Linear) Pair(long inputs, long outputs, ScalarType dtype)
    {
        using var generator = manual_seed(7);
        var linear = nn.Linear(inputs, outputs, dtype: dtype);
        var layer = QuantizableLinear.From(linear);
        using (no_grad()) linear.weight.copy_(layer.DequantizedWeight());
        return (layer, linear);
    }

    private static void Close(Tensor expected, Tensor found, double tolerance, string what)
    {
        Assert.Equal(expected.dtype, found.dtype);
        using var _ = no_grad();
        double scale = expected.numel() == 0 ? 1 : Math.Max(1, expected.abs().max().to(ScalarType.Float32).item<float>());
        TensorAssert.Close(expected.to(ScalarType.Float64).div(scale).to(ScalarType.Float32), found.to(ScalarType.Float64).div(scale).to(ScalarType.Float32), Math.Max(tolerance, 1e-12), what);
        if (expected.numel() > 0 && tolerance < 1e-8) Assert.True((expected - found).abs().max().item<double>() <= tolerance * scale, $"{what} differs by {(expected - found).abs().max().item<double>():E2}");
    }
}
