using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// The regulariser from the r × r Gram matrices M = F Fᵀ − I of all factors. Reference: R = mean ‖M‖, dR/dF = 2 M F ÷ ‖M‖ per factor; Paper (eq. 4): R = Σ ‖M‖², dR/dF = 4 M F. Three launches a block and
/// at most seven a distinct rank, since all matrices of a rank are treated together.
/// </summary>
internal sealed class AtenRegulariser : IDisposable
{
    private readonly int _factors;
    private readonly DeviceConstants _constants;
    private readonly List<RankGroup> _groups = [];
    private Tensor[] _norms = [];
    private Fidelity _fidelity;

    /// <summary>Made once per arena generation.</summary>
    /// <param name="arena">What the blocks belong to.</param>
    /// <param name="blocks">All of them.</param>
    /// <param name="constants">Of the same device.</param>
    public AtenRegulariser(AdapterArena arena, AtenBlock[] blocks, DeviceConstants constants)
    {
        // The mean counts targets that a compaction left without triplets, too.
        _factors = 2 * arena.Layout.Shapes.Length;
        _constants = constants;
        using var scope = NewDisposeScope();
        foreach (var group in Enumerable.Range(0, blocks.Length).GroupBy(i => blocks[i].Rank))
        {
            _groups.Add(new RankGroup([.. group], [.. group.Select(i => blocks[i])], eye(group.Key, dtype: arena.DType, device: arena.Device).DetachFromDisposeScope()));
        }
    }

    /// <summary>R at the last call of <see cref="AddGradient"/>, without γ; 0 before. Costs a sync where there is a device.</summary>
    public double Value
    {
        get
        {
            if (_norms.Length == 0) return 0;
            using var scope = NewDisposeScope();
            var norms = cat([.. _norms.Select(n => n.view(-1))]).to(ScalarType.Float64).cpu();
            return _fidelity == Fidelity.Paper ? norms.mul(norms).sum().item<double>() : norms.sum().item<double>() / _factors;
        }
    }

    /// <summary>Adds γ·dR/dF to the gradients.</summary>
    /// <param name="fidelity">Which form.</param>
    /// <param name="weight">γ.</param>
    /// <param name="living">For each block: 1 for the rows that count, [factors, r, 1]; null: all.</param>
    public void AddGradient(Fidelity fidelity, double weight, Tensor[]? living)
    {
        Forget();
        _fidelity = fidelity;
        _norms = [.. _groups.Select(g => AddGroup(g, fidelity, weight, living).DetachFromDisposeScope())];
    }

    /// <summary>The last step had no regulariser.</summary>
    public void Forget()
    {
        foreach (var norms in _norms) norms.Dispose();
        _norms = [];
    }

    public void Dispose()
    {
        Forget();
        foreach (var group in _groups) group.Identity.Dispose();
    }

    private Tensor AddGroup(RankGroup group, Fidelity fidelity, double weight, Tensor[]? living)
    {
        var rows = living is null ? null : group.Positions.Select(i => living[i]).ToArray();
        var matrices = Joined([.. group.Blocks.Select((b, i) => b.Gram(rows?[i]))]).sub_(rows is null ? group.Identity : group.Identity.mul(Joined(rows)));
        var norms = linalg.norm(matrices, dims: [1, 2], keepdim: true);
        var dtype = matrices.dtype;
        // At an exactly orthogonal factor the norm has no gradient; like autograd's, ours is zero there.
        matrices.mul_(fidelity == Fidelity.Paper ? _constants.Of(dtype, 4 * weight) : _constants.Of(dtype, 2 * weight / _factors).div(norms.clamp_min(Scalars.Tiny)));
        long before = 0;
        for (int i = 0; i < group.Blocks.Length; i++)
        {
            group.Blocks[i].AddProduct(matrices.narrow(0, before, group.Blocks[i].Factors), rows?[i]);
            before += group.Blocks[i].Factors;
        }
        return norms;
    }

    private static Tensor Joined(Tensor[] parts) => parts.Length == 1 ? parts[0] : cat(parts);

    private sealed record RankGroup(int[] Positions, AtenBlock[] Blocks, Tensor Identity);
}
