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
    [InlineData(7, 1100, 130)]
    [InlineData(6, 300, 90)]
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
        const int m = 1400, n = 1100, depth = 24;
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
                float[] dots = Run(new float[m * m], m, c => ThinDots.Multiply(c, left, left, m, m, depth));
                Assert.Equal(dots, Run(new float[m * m], m, c => ThinProducts.DotsByRows(c, left, left, m, m, depth)));
                Assert.Equal(whole, Run(start, n, c => ThinProducts.AddByColumns(c, left, right, m, n, depth)));
            }
            finally
            {
                torch.set_num_threads(threads);
            }
        }
    }

    [Theory]
    [InlineData(1, 1, 5)]
    [InlineData(3, 2, 16)]
    [InlineData(9, 7, 100)]
    [InlineData(21, 6, 50)]
    [InlineData(8, 12, 768)]
    [InlineData(6, 20, 33)]
    public void A_dot_product_is_sixteen_chains_and_a_tree(int rows, int others, int length)
    {
        float[] x = Numbers(rows * length, 4), f = Numbers(others * length, 5), start = [.. Enumerable.Repeat(float.NaN, rows * others)], expected = new float[rows * others];
        for (int i = 0; i < rows; i++) for (int j = 0; j < others; j++) expected[i * others + j] = Dot(x.AsSpan(i * length, length), f.AsSpan(j * length, length));
        fixed (float* px = x, pf = f)
        {
            Matrix left = new(px, length), right = new(pf, length);
            Assert.Equal(expected, Run(start, others, c => ThinDots.Multiply(c, left, right, rows, others, length)));
            Assert.Equal(expected, Run(start, others, c => ThinDots.Block<Wide>(c, left, right, rows, others, length)));
            Assert.Equal(expected, Run(start, others, c => ThinDots.Block<Pair>(c, left, right, rows, others, length)));
        }

        static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            float[] sums = new float[16];
            int whole = a.Length - a.Length % 16;
            for (int k = 0; k < whole; k++) sums[k % 16] = MathF.FusedMultiplyAdd(a[k], b[k], sums[k % 16]);
            for (int l = 0; l < 8; l++) sums[l] += sums[l + 8];
            for (int l = 0; l < 4; l++) sums[l] += sums[l + 4];
            float sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
            for (int k = whole; k < a.Length; k++) sum = MathF.FusedMultiplyAdd(a[k], b[k], sum);
            return sum;
        }
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
