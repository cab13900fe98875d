using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tests.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Layers;

public sealed class QuantizableLayerTests
{
    [Fact]
    public void As_floats_it_is_a_linear()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(6, 5);
        var layer = new QuantizableLinear(6, 5) { weight = new Parameter(linear.weight.detach().clone()), bias = new Parameter(linear.bias!.detach().clone()) };
        var x = randn(3, 6);
        Assert.False(layer.IsQuantized);
        Assert.True(layer.weight.requires_grad);
        Tensor y = layer.call(x), expected = linear.call(x);
        Assert.True(expected.equal(y).all().item<bool>());
        y.square().sum().backward();
        expected.square().sum().backward();
        TensorAssert.Close(linear.weight.grad!, layer.weight.grad!, 1e-6);
    }

    [Fact]
    public void As_floats_a_table_is_an_embedding_whose_padding_takes_no_gradient()
    {
        using var scope = NewDisposeScope();
        var embedding = nn.Embedding(7, 4, padding_idx: 2);
        var layer = new QuantizableEmbedding(7, 4, paddingIndex: 2) { weight = new Parameter(embedding.weight!.detach().clone()) };
        var ids = tensor(new long[] { 1, 2, 2, 6, 1, 0 }, 2, 3);
        Tensor y = layer.call(ids), expected = embedding.call(ids);
        Assert.True(expected.equal(y).all().item<bool>());
        var direction = randn_like(y);
        (y * direction).sum().backward();
        (expected * direction).sum().backward();
        TensorAssert.Close(embedding.weight!.grad!, layer.weight.grad!, 1e-6);
        Assert.Equal(0, layer.weight.grad![2].abs().sum().item<float>());
        Assert.NotEqual(0, layer.weight.grad![1].abs().sum().item<float>());
    }

    [Fact]
    public void As_int8_a_table_gives_the_rows_that_it_stands_for_and_scores_against_them()
    {
        using var scope = NewDisposeScope();
        var layer = new QuantizableEmbedding(7, 4, weights: BaseWeights.Int8Rows);
        var table = layer.DequantizedWeight();
        var ids = tensor(new long[] { 1, 2, 2, 6, 1, 0 }, 2, 3);
        Assert.True(table.index_select(0, ids.reshape(-1)).view(2, 3, 4).equal(layer.call(ids)).all().item<bool>());
        Tensor x = randn(2, 3, 4).requires_grad_(), same = x.detach().clone().requires_grad_();
        Tensor scores = layer.Scores(x), expected = nn.functional.linear(same, table);
        TensorAssert.Close(expected, scores, 2e-6);
        scores.square().sum().backward();
        expected.square().sum().backward();
        TensorAssert.Close(same.grad!, x.grad!, 1e-4);
    }

    [Theory]
    [InlineData(BaseWeights.Floats, "bias weight")]
    [InlineData(BaseWeights.Int8Rows, "bias weight weight_scale")]
    public void The_state_has_the_documented_names(BaseWeights weights, string names)
    {
        using var layer = new QuantizableLinear(6, 5, weights: weights);
        using var table = new QuantizableEmbedding(6, 5, weights: weights);
        Assert.Equal(names, string.Join(' ', layer.state_dict().Keys.Order()));
        Assert.Equal(names["bias ".Length..], string.Join(' ', table.state_dict().Keys.Order()));
        Assert.Equal(["bias", "weight"], layer.named_parameters().Select(p => p.name).Order());
    }

    [Fact]
    public void A_saved_state_loads_into_another_layer()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        QuantizableMlp saved = new(BaseWeights.Int8Rows), loaded = new(BaseWeights.Int8Rows);
        var ids = randint(0, 50, [3, 4]);
        Assert.False(saved.call(ids).equal(loaded.call(ids)).all().item<bool>());
        saved.save(folder.File("state"));
        loaded.load(folder.File("state"));
        Assert.True(saved.call(ids).equal(loaded.call(ids)).all().item<bool>());
    }

    [Fact]
    public void Types_change_but_for_the_bytes_and_their_scales()
    {
        using var scope = NewDisposeScope();
        var model = new QuantizableMlp(BaseWeights.Int8Rows);
        var ids = randint(0, 50, [3, 4]);
        var before = model.call(ids);
        foreach (var dtype in (ScalarType[])[ScalarType.BFloat16, ScalarType.Float64, ScalarType.Float32])
        {
            model.to(dtype);
            var layer = (QuantizableLinear)model.Layer("first");
            Assert.Equal((ScalarType.Int8, ScalarType.Float32, dtype, dtype), (layer.weight.dtype, layer.weight_scale!.dtype, layer.bias!.dtype, layer.FloatType));
            Assert.Equal(dtype, model.call(ids).dtype);
        }
        // The biases went through bf16.
        TensorAssert.Close(before, model.call(ids), 0.02);
        model.DequantizeBase();
        model.to(ScalarType.BFloat16);
        Assert.All(model.parameters(), p => Assert.Equal(ScalarType.BFloat16, p.dtype));
        Assert.Equal(ScalarType.BFloat16, model.call(ids).dtype);
    }

    [Fact]
    public void A_layer_on_the_meta_device_is_filled_with_floats_or_with_bytes()
    {
        using var scope = NewDisposeScope();
        var source = new QuantizableLinear(6, 5, hasBias: false);
        var expected = source.DequantizedWeight();
        foreach (var weights in (BaseWeights[])[BaseWeights.Floats, BaseWeights.Int8Rows])
        {
            var layer = new QuantizableLinear(6, 5, hasBias: false, weights, META);
            Assert.Equal((DeviceType.META, weights == BaseWeights.Int8Rows), (layer.weight.device_type, layer.IsQuantized));
            layer.weight = new Parameter(expected.clone());
            Assert.True(expected.equal(layer.weight).all().item<bool>());
            layer.Quantize(expected);
            var other = new QuantizableLinear(6, 5, hasBias: false, weights, META);
            other.SetInt8(layer.weight.detach().clone(), layer.weight_scale!.to(ScalarType.Float64));
            Assert.True(layer.DequantizedWeight().equal(other.DequantizedWeight()).all().item<bool>());
        }
    }

    [Fact]
    public void Quantising_twice_or_dequantising_floats_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var model = new QuantizableMlp();
        Assert.Equal(0, model.DequantizeBase());
        Assert.Equal(4, model.QuantizeBase());
        var ids = randint(0, 50, [3, 4]);
        var expected = model.call(ids);
        Assert.Equal(0, model.QuantizeBase());
        Assert.True(expected.equal(model.call(ids)).all().item<bool>());
        Assert.Equal(4, model.DequantizeBase());
        TensorAssert.Close(expected, model.call(ids), 1e-5);
        // Floats that lie on a grid are found on it again.
        model.QuantizeBase();
        TensorAssert.Close(expected, model.call(ids), 1e-5);
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_changes_nothing()
    {
        using var scope = NewDisposeScope();
        var model = new QuantizableMlp();
        var layer = model.Layer("first");
        var before = layer.DequantizedWeight();
        foreach (var refused in (Action[])[
            () => layer.weight = new Parameter(zeros(40, 25)),
            () => layer.weight = new Parameter(zeros(40, 24, dtype: ScalarType.Int8), requires_grad: false),
            () => layer.Quantize(zeros(41, 24)),
            () => layer.SetInt8(zeros(40, 24), ones(40, 1)),
            () => layer.SetInt8(zeros(40, 24, dtype: ScalarType.Int8), ones(40)),
            () => layer.SetInt8(zeros(40, 24, dtype: ScalarType.Int8), ones(40, 1, dtype: ScalarType.Int32))])
        {
            Assert.Contains("takes", Assert.Throws<AdaLoRAException>(refused).Message, StringComparison.Ordinal);
            Assert.True(before.equal(layer.weight).all().item<bool>());
        }
        using (no_grad()) layer.weight[3, 3] = float.NaN;
        Assert.StartsWith("'first': A weight that is NaN", Assert.Throws<AdaLoRAException>(() => model.QuantizeBase()).Message, StringComparison.Ordinal);
        Assert.False(layer.IsQuantized);
    }

    /// <summary>The graph refers to the bytes; what is alive beside it after a forward is the output and nothing of the weight's size.</summary>
    [Fact]
    public void A_forward_keeps_no_floats_of_the_weight()
    {
        using var scope = NewDisposeScope();
        var layer = new QuantizableLinear(2_048, 2_048, hasBias: false, BaseWeights.Int8Rows);
        var x = randn(4, 2_048).requires_grad_();
        using var inner = NewDisposeScope();
        layer.call(x).sum().backward();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        using (NewDisposeScope())
        {
            var y = layer.call(x);
            // The output, and the buffer of its size that TorchSharp's node holds.
            Assert.Equal(before + 2, Tensor.TotalCount);
            y.sum().backward();
        }
        Assert.Equal(before, Tensor.TotalCount);
    }
}
