using AdaLoRA.Gen.Autograd;
using TorchSharp;

namespace AdaLoRA.Gen.Tests.Autograd;

/// <summary>The kernels against one chain of fused multiply-adds an element: the same bits, in every width, blocking and number of pieces.</summary>
public sealed unsafe class ThinProductsTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 16, 12)]
    [InlineData(9, 32, 7)]
    [InlineData(16, 40, 300)]
    [InlineData(13, 53, 257)]
    [InlineData(3, 100, 600)]
    public void Every_element_is_one_chain_in_the_order_of_the_inner_index(int m, int n, int depth)
    {
        float[] a = Numbers(m * depth, 1), b = Numbers(depth * n, 2), start = Numbers(m * n, 3);
        float[] expected = [.. start];
        for (int i = 0; i < m; i++)
        {
            for (int j = 0; j < n; j++)
            {
                for (int k = 0; k < depth; k++) expected[i * n + j] = MathF.FusedMultiplyAdd(a[i * depth + k], b[k * n + j], expected[i * n + j]);
            }
        }
        float[] transposed = new float[a.Length];
        for (int i = 0; i < m; i++) for (int k = 0; k < depth; k++) transposed[k * m + i] = a[i * depth + k];
        fixed (float* pa = a, pt = transposed, pb = b)
        {
            Matrix rows = new(pa, depth), columns = new(pt, 1, m), right = new(pb, n);
            Assert.Equal(expected, Run(start, n, c => ThinProducts.Add(c, rows, right, m, n, depth)));
            Assert.Equal(expected, Run(start, n, c => ThinProducts.Add(c, columns, right, m, n, depth)));
            Assert.Equal(expected, Run(start, n, c => ThinProducts.Block<Narrow>(c.Start, n, rows.Start, depth, 1, right.Start, n, m, n, depth)));
            Assert.Equal(expected, Run(start, n, c => ThinProducts.Block<Wide>(c.Start, n, rows.Start, depth, 1, right.Start, n, m, n, depth)));
        }
    }

    [Fact]
    public void Pieces_on_other_threads_change_no_bit()
    {
        const int m = 700, n = 2100, depth = 24;
        float[] a = Numbers(m * depth, 1), b = Numbers(depth * n, 2), start = Numbers(m * n, 3);
        int threads = torch.get_num_threads();
        fixed (float* pa = a, pb = b)
        {
            Matrix left = new(pa, depth), right = new(pb, n);
            float[] whole = Run(start, n, c => ThinProducts.Add(c, left, right, m, n, depth));
            torch.set_num_threads(2);
            try
            {
                Assert.Equal(whole, Run(start, n, c => ThinProducts.AddByRows(c, left, right, m, n, depth)));
                Assert.Equal(whole, Run(start, n, c => ThinProducts.AddByColumns(c, left, right, m, n, depth)));
            }
            finally
            {
                torch.set_num_threads(threads);
            }
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 130)]
    [InlineData(17, 9)]
    [InlineData(32, 64)]
    public void A_packed_factor_is_the_transposed_padded_with_zeros(int rank, int length)
    {
        float[] rows = Numbers(rank * length, 4);
        int width = ThinProducts.Padded(rank);
        float[] packed = [.. Enumerable.Repeat(float.NaN, length * width)];
        fixed (float* from = rows, to = packed) ThinProducts.Pack(to, from, rank, length);
        for (int k = 0; k < length; k++) for (int j = 0; j < width; j++) Assert.Equal(j < rank ? rows[j * length + k] : 0, packed[k * width + j]);
    }

    private delegate void Product(Matrix c);

    private static float[] Run(float[] start, int n, Product product)
    {
        float[] c = [.. start];
        fixed (float* p = c) product(new Matrix(p, n));
        return c;
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }
}
