using AdaLoRA.Gen.Arena;

namespace AdaLoRA.Gen.Tests.Arena;

public sealed class ArenaLayoutTests
{
    private static readonly AdapterShape[] Mixed = [new(4, 8, 16), new(2, 16, 8), new(0, 8, 8), new(4, 8, 8), new(2, 16, 16), new(4, 16, 8)];

    [Fact]
    public void Every_element_belongs_to_exactly_one_factor()
    {
        var layout = new ArenaLayout(Mixed, hasLambda: true);
        var owners = new int[layout.Total];
        for (int i = 0; i < Mixed.Length; i++)
        {
            Claim(layout.TripletOffsets[i], Mixed[i].Rank);
            Claim(layout.AOffsets[i], (long)Mixed[i].Rank * Mixed[i].InFeatures);
            Claim(layout.BOffsets[i], (long)Mixed[i].Rank * Mixed[i].OutFeatures);
        }
        int padding = 16 - layout.Triplets % 16;
        Assert.All(owners, o => Assert.InRange(o, 0, 1));
        Assert.Equal(padding % 16, owners.Count(o => o == 0));

        void Claim(long offset, long count)
        {
            for (long k = 0; k < count; k++) owners[offset + k]++;
        }
    }

    [Fact]
    public void A_blocks_lambda_lines_up_with_its_rows()
    {
        var layout = new ArenaLayout(Mixed, hasLambda: true);
        foreach (var block in layout.Blocks)
        {
            for (int i = 0; i < Mixed.Length; i++)
            {
                if (Mixed[i].InFeatures != block.Dimension || Mixed[i].Rank != block.Rank) continue;
                long row = (layout.AOffsets[i] - block.Offset) / block.Dimension;
                Assert.Equal(block.TripletOffset + row, layout.TripletOffsets[i]);
                Assert.Equal(block.FoldedOffset + row * block.Dimension, layout.FoldedOffsets[i]);
            }
        }
    }

    [Fact]
    public void Canonical_order_is_adapter_by_adapter_and_a_permutation()
    {
        var layout = new ArenaLayout(Mixed, hasLambda: true);
        int[] order = layout.CanonicalOrder();
        Assert.Equal(Enumerable.Range(0, layout.Triplets), order.Order());
        int next = 0;
        for (int i = 0; i < Mixed.Length; i++)
        {
            for (int k = 0; k < Mixed[i].Rank; k++) Assert.Equal(layout.TripletOffsets[i] + k, order[next++]);
        }
    }

    [Fact]
    public void B_rows_are_found_block_by_block()
    {
        var layout = new ArenaLayout(Mixed, hasLambda: true);
        long[] offsets = [.. layout.Blocks.SelectMany(b => Enumerable.Range(0, b.RowsB).Select(r => b.Offset + (long)(b.RowsA + r) * b.Dimension))];
        long[] rows = layout.BRowOfTriplet();
        for (int i = 0; i < Mixed.Length; i++)
        {
            for (int k = 0; k < Mixed[i].Rank; k++)
            {
                Assert.Equal(layout.BOffsets[i] + (long)k * Mixed[i].OutFeatures, offsets[rows[layout.TripletOffsets[i] + k]]);
            }
        }
    }

    [Fact]
    public void Plain_LoRA_has_no_lambda_region()
    {
        var layout = new ArenaLayout([new(2, 8, 16)], hasLambda: false);
        Assert.Equal(2 * 8 + 2 * 16, layout.Total);
    }
}
