using System.Buffers;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Budget;

/// <summary>
/// Chooses which triplets live. One rule, on the host and on a device: order by (guaranteed by a minimum first, then score descending, then canonical order), leave out what exceeds a
/// maximum, and keep the longest prefix that the budget pays for. So a budget is never exceeded, one in triplets is kept exactly, and ties do not depend on a sort's whims.
/// </summary>
internal sealed class RankAllocator
{
    /// <summary>Place of the class in the upper half of a key.</summary>
    private const int ClassShift = 30;

    private readonly int[] _target;
    private readonly long[]? _cost;
    private readonly RankLimit[]? _limits;

    /// <summary>Creates an allocator.</summary>
    /// <param name="target">For each triplet in canonical order: its target.</param>
    /// <param name="cost">For each target: what one of its triplets costs; null where all cost one.</param>
    /// <param name="limits">For each target: its smallest and largest rank; null where there are none.</param>
    public RankAllocator(int[] target, long[]? cost = null, RankLimit[]? limits = null)
    {
        _target = target;
        _cost = cost;
        _limits = limits;
    }

    /// <summary>What all triplets together cost: b(0).</summary>
    public long TotalCost => _cost is null ? _target.Length : _target.Sum(t => _cost[t]);

    /// <summary>Marks the survivors.</summary>
    /// <param name="scores">One score a triplet, in canonical order (targets by path, then index). A score that is not a number ranks last.</param>
    /// <param name="budget">What may be spent: triplets, or parameters where triplets have a cost.</param>
    /// <param name="kept">Receives true for the survivors; as long as <paramref name="scores"/>.</param>
    public void Select(ReadOnlySpan<float> scores, long budget, Span<bool> kept)
    {
        // One number a triplet, so that sorting numbers ranks triplets: class, then score descending, then place.
        ulong[] rented = ArrayPool<ulong>.Shared.Rent(scores.Length);
        var keys = rented.AsSpan(0, scores.Length);
        for (int i = 0; i < keys.Length; i++) keys[i] = (ulong)Descending(_cost is null ? scores[i] : scores[i] / _cost[_target[i]]) << 32 | (uint)i;
        keys.Sort();
        if (_limits is not null) SortByClass(keys);
        kept.Clear();
        long spent = 0;
        foreach (ulong key in keys)
        {
            int triplet = (int)(uint)key;
            spent += _cost?[_target[triplet]] ?? 1;
            if (spent > budget || (_limits is not null && key >> 32 >> ClassShift == RankLimit.Excluded)) break;
            kept[triplet] = true;
        }
        ArrayPool<ulong>.Shared.Return(rented);
    }

    /// <summary>The same choice on a device.</summary>
    public DeviceAllocator On(Device device) => new(_target, _cost, _limits, device);

    /// <summary>Orders a ranking by class; within one, it stays as it is.</summary>
    private void SortByClass(Span<ulong> keys)
    {
        int[] seen = new int[_limits!.Length];
        int[] order = new int[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            order[i] = (int)(uint)keys[i];
            int target = _target[order[i]];
            keys[i] = (ulong)(uint)(_limits[target].ClassOf(seen[target]++) << ClassShift) << 32 | (uint)i;
        }
        keys.Sort();
        for (int i = 0; i < keys.Length; i++) keys[i] = keys[i] & ~(ulong)uint.MaxValue | (uint)order[(int)(uint)keys[i]];
    }

    // Bits that ascend as the score descends. Adding 0 makes one zero of both; a score that is not a number ranks with −∞.
    private static uint Descending(float score)
    {
        uint bits = BitConverter.SingleToUInt32Bits(float.IsNaN(score) ? float.NegativeInfinity : score + 0f);
        return (bits & 0x8000_0000) != 0 ? bits : ~(bits | 0x8000_0000);
    }
}
