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
    private readonly Tensor _places;
    private readonly Tensor _rows;
    private Tensor? _tripletsOfBRows;
    private Tensor? _lastScores;

    public DeviceRanking(AdapterArena arena, TrainingState state, AtenBlock[] blocks, Ranking ranking)
    {
        _arena = arena;
        _state = state;
        _blocks = blocks;
        _score = ranking.Score;
        _allocator = ranking.Allocator.On(arena.Device);
        int[] canonical = arena.Layout.CanonicalOrder();
        _canonical = Keep([.. canonical.Select(i => (long)i)]);
        _places = Keep(PlacesOf(canonical));
        _rows = Keep(RowsOf(arena.Layout, canonical));

        Tensor Keep(long[] values) => tensor(values, device: arena.Device).DetachFromDisposeScope();
    }

    /// <summary>For each Bᵀ row of all blocks, its triplet.</summary>
    public Tensor TripletsOfBRows
    {
        get
        {
            if (_tripletsOfBRows is not null) return _tripletsOfBRows;
            using var scope = NewDisposeScope();
            return _tripletsOfBRows = tensor(_arena.Layout.BRowOfTriplet(), device: _arena.Device).argsort().DetachFromDisposeScope();
        }
    }

    /// <summary>The mask that a budget leaves, in the order of E; made inside the caller's dispose scope.</summary>
    /// <param name="budget">A float64 scalar on the arena's device.</param>
    /// <param name="scratch">Flat, like P; overwritten.</param>
    public Tensor Rank(Tensor budget, Tensor scratch)
    {
        var scores = Scores(scratch);
        _lastScores?.Dispose();
        _lastScores = scores.DetachFromDisposeScope();
        return _allocator.Select(scores, budget).index_select(0, _places);
    }

    /// <summary>The scores of the last ranking in canonical order, on the host; empty before the first.</summary>
    public float[] ReadScores()
    {
        if (_lastScores is null) return [];
        using var scope = NewDisposeScope();
        return [.. _lastScores.cpu().to(ScalarType.Float32).data<float>()];
    }

    public void Dispose()
    {
        _allocator.Dispose();
        foreach (var t in new[] { _canonical, _places, _rows, _tripletsOfBRows, _lastScores }) t?.Dispose();
    }

    /// <summary>A triplet's score in canonical order: s(λ) + mean s(Q row) + mean s(P column), or |λ|.</summary>
    private Tensor Scores(Tensor scratch)
    {
        int triplets = _arena.Layout.Triplets;
        if (_score is null) return _arena.P.narrow(0, 0, triplets).abs().index_select(0, _canonical);
        var entries = _score.Entries(_state.Sensitivity!, _state.Uncertainty!, scratch);
        // All means in one vector, and each triplet's three summands picked out of it at once.
        return cat([entries.narrow(0, 0, triplets), .. _blocks.Select(b => b.RowMeans(entries))]).index_select(0, _rows).view(3, triplets).sum([0L]);
    }

    /// <summary>For each position in E: its place in canonical order.</summary>
    private static long[] PlacesOf(int[] canonical)
    {
        long[] places = new long[canonical.Length];
        for (int i = 0; i < canonical.Length; i++) places[canonical[i]] = i;
        return places;
    }

    /// <summary>In canonical order: where λ, the A row and the Bᵀ row of each triplet stand in [λ | rows of block 0: A, then Bᵀ | rows of block 1 …].</summary>
    private static long[] RowsOf(ArenaLayout layout, int[] canonical)
    {
        int count = layout.Triplets;
        long[] rows = new long[3 * count], bRows = layout.BRowOfTriplet(), ofA = new long[count];
        var ofB = new List<long>();
        long before = count;
        foreach (var block in layout.Blocks)
        {
            for (int k = 0; k < block.RowsA; k++) ofA[block.TripletOffset + k] = before + k;
            for (int k = 0; k < block.RowsB; k++) ofB.Add(before + block.RowsA + k);
            before += block.RowsA + block.RowsB;
        }
        for (int i = 0; i < count; i++)
        {
            int triplet = canonical[i];
            (rows[i], rows[count + i], rows[2 * count + i]) = (triplet, ofA[triplet], ofB[(int)bRows[triplet]]);
        }
        return rows;
    }
}
