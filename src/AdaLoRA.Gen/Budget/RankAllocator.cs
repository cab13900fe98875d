using static TorchSharp.torch;

namespace AdaLoRA.Gen.Budget;

/// <summary>
/// Chooses which triplets live. One rule, on the host and on a device: order by (guaranteed by a minimum first, then score descending, then canonical order), leave out what exceeds a
/// maximum, and keep the longest prefix that the budget pays for. So a budget is never exceeded, one in triplets is kept exactly, and ties do not depend on a sort's whims.
/// </summary>
internal sealed class RankAllocator
{
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
        var order = new int[scores.Length];
        var keys = new Key[scores.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
            float value = _cost is null ? scores[i] : scores[i] / _cost[_target[i]];
            keys[i] = new Key(0, float.IsNaN(value) ? float.NegativeInfinity : value, i);
        }
        Array.Sort(keys, order);
        if (_limits is not null)
        {
            var seen = new int[_limits.Length];
            for (int i = 0; i < order.Length; i++) keys[i] = new Key(_limits[_target[order[i]]].ClassOf(seen[_target[order[i]]]++), 0, i);
            Array.Sort(keys, order);
        }
        kept.Clear();
        long spent = 0;
        for (int i = 0; i < order.Length; i++)
        {
            spent += _cost?[_target[order[i]]] ?? 1;
            if (spent > budget || keys[i].Class == RankLimit.Excluded) break;
            kept[order[i]] = true;
        }
    }

    /// <summary>The same choice on a device.</summary>
    public DeviceAllocator On(Device device) => new(_target, _cost, _limits, device);

    private readonly record struct Key(int Class, float Score, int Index) : IComparable<Key>
    {
        public int CompareTo(Key other)
        {
            int byClass = Class.CompareTo(other.Class);
            if (byClass != 0) return byClass;
            int byScore = other.Score.CompareTo(Score);
            return byScore != 0 ? byScore : Index.CompareTo(other.Index);
        }
    }
}
