using AdaLoRA.Gen.Layers;
using AdaLoRA.Gen.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Tests.Layers;

public sealed class Int8RowsTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void No_weight_moves_by_more_than_half_its_rows_scale(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(1);
        var weight = (randn(9, 33) * randn(9, 1).exp()).to(dtype);
        var (bytes, scale) = Int8Rows.Quantize(weight);
        Assert.Equal((ScalarType.Int8, ScalarType.Float32), (bytes.dtype, scale.dtype));
        Assert.Equal<long>([9, 1], scale.shape);
        var exact = weight.to(ScalarType.Float64);
        TensorAssert.Close((exact.abs().amax([1], keepdim: true) / 127.0).to(ScalarType.Float32), scale, 1e-7);
        var moved = (Int8Rows.Dequantize(bytes, scale, ScalarType.Float64) - exact).abs();
        Assert.True((moved <= scale.to(ScalarType.Float64) * 0.50001).all().item<bool>());
        // The largest weight of a row is met, so the scale is no larger than it needs to be.
        Assert.Equal(9, bytes.abs().amax([1]).eq(127).sum().item<long>());
    }

    [Fact]
    public void A_row_of_zeros_stays_zero()
    {
        using var scope = NewDisposeScope();
        var (bytes, scale) = Int8Rows.Quantize(zeros(3, 5));
        Assert.Equal(0, Int8Rows.Dequantize(bytes, scale, ScalarType.Float32).abs().sum().item<float>());
        Assert.Equal(3, scale.sum().item<float>());
    }

    /// <summary>Five chunks, the last one short: each row is what it would be alone.</summary>
    [Fact]
    public void A_matrix_of_several_chunks_is_quantised_row_by_row()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(2);
        var weight = randn(1_100, 17_000);
        var (bytes, scale) = Int8Rows.Quantize(weight);
        foreach (long row in (long[])[0, 245, 246, 247, 493, 983, 984, 985, 1_099])
        {
            var (alone, aloneScale) = Int8Rows.Quantize(weight.narrow(0, row, 1));
            Assert.True(alone.equal(bytes.narrow(0, row, 1)).all().item<bool>(), $"row {row}");
            Assert.Equal(aloneScale.item<float>(), scale[row].item<float>());
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void What_is_not_finite_is_refused(float value)
    {
        using var scope = NewDisposeScope();
        var weight = randn(4, 4);
        weight[2, 1] = value;
        Assert.StartsWith("A weight that is NaN, infinite", Assert.Throws<AdaLoRAException>(() => Int8Rows.Quantize(weight)).Message, StringComparison.Ordinal);
    }
}
