using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>Views of one <see cref="FactorBlock"/>, made once per arena generation, and the passes of the tail over it.</summary>
internal sealed class AtenBlock : IDisposable
{
    private readonly FactorBlock _block;
    private readonly Tensor? _a;
    private readonly Tensor? _gradientA;
    private readonly Tensor? _lambda;
    private readonly Tensor? _gradientLambda;
    private readonly Tensor? _folded;
    private readonly Tensor _factors;
    private readonly Tensor _gradientFactors;
    private readonly Tensor _identity;
    private readonly Tensor? _scale;

    public AtenBlock(AdapterArena arena, FactorBlock block)
    {
        _block = block;
        using var scope = NewDisposeScope();
        int factors = block.FactorsA + block.FactorsB;
        _factors = Keep(arena.P.narrow(0, block.Offset, block.Elements).view(factors, block.Rank, block.Dimension));
        _gradientFactors = Keep(arena.G!.narrow(0, block.Offset, block.Elements).view(factors, block.Rank, block.Dimension));
        _identity = Keep(eye(block.Rank, dtype: arena.DType, device: arena.Device));
        if (block.FactorsA == 0) return;
        long elements = (long)block.RowsA * block.Dimension;
        _a = Keep(arena.P.narrow(0, block.Offset, elements).view(block.RowsA, block.Dimension));
        _gradientA = Keep(arena.G!.narrow(0, block.Offset, elements).view(block.RowsA, block.Dimension));
        _folded = Keep(arena.AE.narrow(0, block.FoldedOffset, elements).view(block.RowsA, block.Dimension));
        _scale = Keep(arena.Scales.narrow(0, block.TripletOffset, block.RowsA));
        if (!arena.Layout.HasLambda) return;
        _lambda = Keep(arena.P.narrow(0, block.TripletOffset, block.RowsA).view(block.RowsA, 1));
        _gradientLambda = Keep(arena.G!.narrow(0, block.TripletOffset, block.RowsA).view(block.RowsA, 1));
    }

    /// <summary>Chain rule through AE = A·E·s: dL/dE = s Σ dL/dAE · A, dL/dA = dL/dAE · E · s.</summary>
    public void Unfold()
    {
        if (_a is null) return;
        if (_lambda is null)
        {
            _gradientA!.mul_(_scale!);
            return;
        }
        _gradientLambda!.addcmul_(_gradientA!.mul(_a).sum(dim: [1], keepdim: true), _scale!, (Scalar)1.0);
        _gradientA.mul_(_lambda.mul(_scale!));
    }

    /// <summary>Rebuilds the block's part of AE.</summary>
    public void Refold()
    {
        if (_a is null) return;
        _folded!.copy_(_a.mul(_lambda is null ? _scale! : _lambda.mul(_scale!)));
    }

    /// <summary>
    /// The regulariser from the r × r Gram matrices M = F Fᵀ − I. Reference: R = mean ‖M‖, dR/dF = 2 M F / ‖M‖ per factor; Paper (eq. 4): R = Σ ‖M‖², dR/dF = 4 M F.
    /// </summary>
    /// <param name="fidelity">Which form.</param>
    /// <param name="weight">γ.</param>
    /// <param name="factors">2N, the divisor of the mean.</param>
    /// <param name="rows">1 for the rows that count, [factors, r, 1]; null: all.</param>
    /// <returns>Σ ‖M‖ or Σ ‖M‖² over the block's factors.</returns>
    public Tensor AddRegulariserGradient(Fidelity fidelity, double weight, int factors, Tensor? rows)
    {
        var counted = rows is null ? _factors : _factors.mul(rows);
        var gram = counted.bmm(counted.transpose(1, 2)).sub_(rows is null ? _identity : _identity.mul(rows));
        var squared = gram.square().sum(dim: [1, 2], keepdim: true);
        if (fidelity == Fidelity.Paper)
        {
            _gradientFactors.add_(gram.bmm(counted), (Scalar)(4 * weight));
            return squared.sum();
        }
        var norm = squared.sqrt();
        // At an exactly orthogonal factor the norm has no gradient; like autograd's, ours is zero there.
        _gradientFactors.add_(gram.div_(norm.clamp_min((Scalar)1e-30)).bmm(counted), (Scalar)(2 * weight / factors));
        return norm.sum();
    }

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

    /// <summary>Means of the A rows and of the Bᵀ rows of a flat buffer.</summary>
    public (Tensor? A, Tensor? B) RowMeans(Tensor flat)
    {
        var means = flat.narrow(0, _block.Offset, _block.Elements).view(_block.RowsA + _block.RowsB, _block.Dimension).mean([1]);
        return (_block.RowsA == 0 ? null : means.narrow(0, 0, _block.RowsA), _block.RowsB == 0 ? null : means.narrow(0, _block.RowsA, _block.RowsB));
    }

    public void Dispose()
    {
        foreach (var t in new[] { _a, _gradientA, _lambda, _gradientLambda, _folded, _factors, _gradientFactors, _identity, _scale }) t?.Dispose();
    }

    private static Tensor Keep(Tensor t) => t.DetachFromDisposeScope();
}
