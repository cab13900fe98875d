using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>Views of one <see cref="FactorBlock"/>, made once per arena generation, and the passes of the tail over it.</summary>
internal sealed class AtenBlock : IDisposable
{
    private readonly FactorBlock _block;
    private readonly List<Tensor> _views = [];
    private readonly Tensor _factors;
    private readonly Tensor _transposed;
    private readonly Tensor _gradientFactors;
    private readonly FoldedViews? _folded;

    public AtenBlock(AdapterArena arena, FactorBlock block)
    {
        _block = block;
        using var scope = NewDisposeScope();
        int factors = block.FactorsA + block.FactorsB;
        _factors = Keep(arena.P.narrow(0, block.Offset, block.Elements).view(factors, block.Rank, block.Dimension));
        _transposed = Keep(_factors.transpose(1, 2));
        _gradientFactors = Keep(arena.G!.narrow(0, block.Offset, block.Elements).view(factors, block.Rank, block.Dimension));
        if (block.FactorsA == 0) return;
        var a = AdapterArena.View(arena.P, block.Offset, block.RowsA, block.Dimension);
        var gradient = AdapterArena.View(arena.G!, block.Offset, block.RowsA, block.Dimension);
        _folded = new FoldedViews(
            Keep(a), Keep(gradient),
            arena.Layout.HasLambda ? Keep(AdapterArena.View(arena.G!, block.TripletOffset, block.RowsA, 1)) : null,
            Keep(arena.Scales.narrow(0, block.TripletOffset, block.RowsA)),
            Keep(AdapterArena.View(arena.AE, block.FoldedOffset, block.RowsA, block.Dimension)));
    }

    public int Rank => _block.Rank;

    public int Factors => _block.FactorsA + _block.FactorsB;

    /// <summary>Chain rule through AE = A·E·s: dL/dE = s Σ dL/dAE · A, dL/dA = dL/dAE · E · s.</summary>
    /// <param name="folding">E·s of all triplets, [triplets, 1]; s for plain LoRA.</param>
    public void Unfold(Tensor folding)
    {
        if (_folded is not { } f) return;
        f.GradientLambda?.addcmul_(f.Gradient.mul(f.A).sum([1L], keepdim: true), f.Scale, Scalars.One);
        f.Gradient.mul_(folding.narrow(0, _block.TripletOffset, _block.RowsA));
    }

    /// <summary>Rebuilds the block's part of AE, which must be −0: one launch, where a product that is then copied takes two and a temporary.</summary>
    /// <param name="folding">As in <see cref="Unfold"/>, with the new E.</param>
    public void Refold(Tensor folding) => _folded?.Folded.addcmul_(_folded.A, folding.narrow(0, _block.TripletOffset, _block.RowsA), Scalars.One);

    /// <summary>F Fᵀ of every factor, [factors, r, r].</summary>
    /// <param name="rows">1 for the rows that count, [factors, r, 1]; null: all.</param>
    public Tensor Gram(Tensor? rows)
    {
        if (rows is null) return _factors.bmm(_transposed);
        var counted = _factors.mul(rows);
        return counted.bmm(counted.transpose(1, 2));
    }

    /// <summary>Adds M·F to the gradients.</summary>
    /// <param name="matrices">M, [factors, r, r].</param>
    /// <param name="rows">As in <see cref="Gram"/>.</param>
    public void AddProduct(Tensor matrices, Tensor? rows) => _gradientFactors.add_(matrices.bmm(rows is null ? _factors : _factors.mul(rows)), Scalars.One);

    /// <summary>Which rows of the block's factors belong to living triplets, [factors, r, 1].</summary>
    /// <param name="mask">The arena's mask.</param>
    /// <param name="tripletsOfBRows">For each Bᵀ row of all blocks, its triplet.</param>
    /// <param name="bRowsBefore">Bᵀ rows of the blocks before this one.</param>
    public Tensor LivingRows(Tensor mask, Tensor tripletsOfBRows, long bRowsBefore)
    {
        var b = mask.index_select(0, tripletsOfBRows.narrow(0, bRowsBefore, _block.RowsB));
        var both = _block.RowsA == 0 ? b : cat([mask.narrow(0, _block.TripletOffset, _block.RowsA), b]);
        return both.view(-1, _block.Rank, 1);
    }

    /// <summary>Zeroes the gradients of rows that do not count.</summary>
    public void MaskGradient(Tensor rows) => _gradientFactors.mul_(rows);

    /// <summary>Parts of a flat buffer: the A rows and the Bᵀ rows.</summary>
    public (Tensor A, Tensor B) Split(Tensor flat)
    {
        long a = (long)_block.RowsA * _block.Dimension;
        return (flat.narrow(0, _block.Offset, a), flat.narrow(0, _block.Offset + a, (long)_block.RowsB * _block.Dimension));
    }

    /// <summary>Means of the A rows, then of the Bᵀ rows, of a flat buffer.</summary>
    public Tensor RowMeans(Tensor flat) => flat.narrow(0, _block.Offset, _block.Elements).view(_block.RowsA + _block.RowsB, _block.Dimension).mean([1]);

    public void Dispose()
    {
        foreach (var view in _views) view.Dispose();
    }

    private Tensor Keep(Tensor view)
    {
        _views.Add(view.DetachFromDisposeScope());
        return view;
    }

    /// <summary>What a block with A rows has besides.</summary>
    /// <param name="A">[rows, d].</param>
    /// <param name="Gradient">[rows, d].</param>
    /// <param name="GradientLambda">[rows, 1]; null for plain LoRA.</param>
    /// <param name="Scale">[rows, 1].</param>
    /// <param name="Folded">Part of AE, [rows, d].</param>
    private sealed record FoldedViews(Tensor A, Tensor Gradient, Tensor? GradientLambda, Tensor Scale, Tensor Folded);
}
