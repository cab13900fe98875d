namespace AdaLoRA.Gen.Arena;

/// <summary>Shape of one adapter: ΔW [out, in] of rank r.</summary>
/// <param name="Rank">Triplets that there is room for.</param>
/// <param name="InFeatures">Length of a row of A.</param>
/// <param name="OutFeatures">Length of a row of Bᵀ.</param>
/// <param name="Scale">Factor on ΔW; folded into A·E and nowhere else.</param>
internal readonly record struct AdapterShape(int Rank, int InFeatures, int OutFeatures, double Scale = 1);

/// <summary>
/// All factors of one row length and one rank, side by side: A rows of the adapters with in = <see cref="Dimension"/>, then Bᵀ rows of those with
/// out = <see cref="Dimension"/>. One batched multiply serves a whole block.
/// </summary>
internal sealed record FactorBlock(int Dimension, int Rank, long Offset, long FoldedOffset, int TripletOffset, int FactorsA, int FactorsB)
{
    public int RowsA => FactorsA * Rank;

    public int RowsB => FactorsB * Rank;

    public long Elements => (long)(RowsA + RowsB) * Dimension;
}

/// <summary>
/// Where everything lies in the flat buffers. Element order: <c>[E of all adapters | padding][block][block]…</c>. B is stored transposed, so that every triplet is one
/// row in both factors: scores are row means, masks and export are row operations. A pure value: no tensor here.
/// </summary>
internal sealed class ArenaLayout
{
    /// <summary>Keeps the factors on a 64-byte boundary.</summary>
    private const int Padding = 16;

    private readonly AdapterShape[] _shapes;

    public ArenaLayout(IReadOnlyList<AdapterShape> shapes, bool hasLambda)
    {
        _shapes = [.. shapes];
        HasLambda = hasLambda;
        int count = _shapes.Length;
        TripletOffsets = new int[count];
        AOffsets = new long[count];
        BOffsets = new long[count];
        FoldedOffsets = new long[count];

        // E follows the order of the A rows, so that a block's E is one slice that lines up with its rows.
        int[] byInput = [.. Enumerable.Range(0, count).Where(i => _shapes[i].Rank > 0).OrderBy(i => _shapes[i].InFeatures).ThenBy(i => _shapes[i].Rank).ThenBy(i => i)];
        int triplets = 0;
        foreach (int i in byInput)
        {
            TripletOffsets[i] = triplets;
            triplets += _shapes[i].Rank;
        }
        Triplets = triplets;

        long offset = hasLambda ? (triplets + Padding - 1) / Padding * Padding : 0, folded = 0;
        var keys = _shapes.Where(s => s.Rank > 0)
            .SelectMany(s => new[] { (Dimension: s.InFeatures, s.Rank), (Dimension: s.OutFeatures, s.Rank) })
            .Distinct().Order();
        var blocks = new List<FactorBlock>();
        foreach (var (dimension, rank) in keys)
        {
            int[] a = [.. byInput.Where(i => _shapes[i].InFeatures == dimension && _shapes[i].Rank == rank)];
            int[] b = [.. Enumerable.Range(0, count).Where(i => _shapes[i].OutFeatures == dimension && _shapes[i].Rank == rank)];
            var block = new FactorBlock(dimension, rank, offset, folded, a.Length > 0 ? TripletOffsets[a[0]] : 0, a.Length, b.Length);
            blocks.Add(block);
            long factor = (long)rank * dimension;
            foreach (int i in a)
            {
                (AOffsets[i], FoldedOffsets[i]) = (offset, folded);
                (offset, folded) = (offset + factor, folded + factor);
            }
            foreach (int i in b)
            {
                BOffsets[i] = offset;
                offset += factor;
            }
        }
        Blocks = blocks;
        Total = offset;
        FoldedTotal = folded;
    }

    /// <summary>One per adapter, in canonical order.</summary>
    public ReadOnlySpan<AdapterShape> Shapes => _shapes;

    /// <summary>False for plain LoRA, which has no Λ.</summary>
    public bool HasLambda { get; }

    public IReadOnlyList<FactorBlock> Blocks { get; }

    /// <summary>Triplets of all adapters; the first so many elements are E when there is a Λ.</summary>
    public int Triplets { get; }

    /// <summary>Elements of a flat buffer.</summary>
    public long Total { get; }

    /// <summary>Elements of the folded factor A·E·scale.</summary>
    public long FoldedTotal { get; }

    /// <summary>Position of an adapter's first triplet in E.</summary>
    public int[] TripletOffsets { get; }

    public long[] AOffsets { get; }

    public long[] BOffsets { get; }

    public long[] FoldedOffsets { get; }

    /// <summary>For each triplet in canonical order (adapter by adapter): its position in E. Ties of a ranking are broken in this order.</summary>
    public int[] CanonicalOrder()
    {
        var order = new int[Triplets];
        int next = 0;
        for (int i = 0; i < _shapes.Length; i++)
        {
            for (int k = 0; k < _shapes[i].Rank; k++) order[next++] = TripletOffsets[i] + k;
        }
        return order;
    }

    /// <summary>For each triplet in canonical order: its adapter.</summary>
    public int[] AdapterOfTriplet() => [.. Enumerable.Range(0, _shapes.Length).SelectMany(i => Enumerable.Repeat(i, _shapes[i].Rank))];

    /// <summary>For each position in E: the factor on that triplet.</summary>
    public double[] Scales()
    {
        var scales = new double[Triplets];
        for (int i = 0; i < _shapes.Length; i++) scales.AsSpan(TripletOffsets[i], _shapes[i].Rank).Fill(_shapes[i].Scale);
        return scales;
    }

    /// <summary>For each position in E: the row of the same triplet among the Bᵀ rows of all blocks, counted block by block.</summary>
    public long[] BRowOfTriplet()
    {
        var rows = new long[Triplets];
        long before = 0;
        foreach (var block in Blocks)
        {
            long firstB = block.Offset + (long)block.RowsA * block.Dimension;
            for (int i = 0; i < _shapes.Length; i++)
            {
                if (_shapes[i].OutFeatures != block.Dimension || _shapes[i].Rank != block.Rank) continue;
                long row = before + (BOffsets[i] - firstB) / block.Dimension;
                for (int k = 0; k < block.Rank; k++) rows[TripletOffsets[i] + k] = row + k;
            }
            before += block.RowsB;
        }
        return rows;
    }
}
