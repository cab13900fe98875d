using AdaLoRA.Gen.Budget;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>Scores and ranks the triplets of an arena on its device (eqs. 9 and 13); its index tensors are made once per arena generation.</summary>
internal sealed class DeviceRanking : IDisposable
{
    private readonly AdapterArena _arena;
    private readonly TrainingState _state;
    private readonly AtenBlock[] _blocks;
    private readonly TripletScore? _score;
    private readonly DeviceAllocator _allocator;
    private readonly Tensor _canonical;
    private readonly Tensor _bRows;
    private Tensor? _tripletsOfBRows;

    public DeviceRanking(AdapterArena arena, TrainingState state, AtenBlock[] blocks, Ranking ranking)
    {
        _arena = arena;
        _state = state;
        _blocks = blocks;
        _score = ranking.Score;
        _allocator = ranking.Allocator.On(arena.Device);
        _canonical = tensor(arena.Layout.CanonicalOrder().Select(i => (long)i).ToArray(), device: arena.Device).DetachFromDisposeScope();
        _bRows = tensor(arena.Layout.BRowOfTriplet(), device: arena.Device).DetachFromDisposeScope();
    }

    /// <summary>For each Bᵀ row of all blocks, its triplet.</summary>
    public Tensor TripletsOfBRows => _tripletsOfBRows ??= _bRows.argsort().DetachFromDisposeScope();

    /// <summary>The mask that a budget leaves, in the order of E; made inside the caller's dispose scope.</summary>
    public Tensor Rank(Tensor budget)
    {
        var kept = _allocator.Select(Scores().index_select(0, _canonical), budget);
        return zeros_like(_arena.Mask).index_copy_(0, _canonical, kept);
    }

    /// <summary>A triplet's score in the order of E: s(λ) + mean s(Q row) + mean s(P column), or |λ|.</summary>
    private Tensor Scores()
    {
        int triplets = _arena.Layout.Triplets;
        if (_score is null) return _arena.P.narrow(0, 0, triplets).abs();
        var entries = _score.Entries(_state.Sensitivity!, _state.Uncertainty!);
        var means = _blocks.Select(b => b.RowMeans(entries)).ToArray();
        return cat([.. means.Where(m => m.A is not null).Select(m => m.A!)])
            .add_(cat([.. means.Where(m => m.B is not null).Select(m => m.B!)]).index_select(0, _bRows))
            .add_(entries.narrow(0, 0, triplets));
    }

    public void Dispose()
    {
        _allocator.Dispose();
        foreach (var t in new[] { _canonical, _bRows, _tripletsOfBRows }) t?.Dispose();
    }
}
