using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Budget;

/// <summary>The rule of <see cref="RankAllocator"/> on a device, without asking it anything.</summary>
internal sealed class DeviceAllocator : IDisposable
{
    private static readonly Scalar ExcludedClass = ((long)RankLimit.Excluded).ToScalar();

    private readonly Tensor _target;
    private readonly Tensor _ordinals;
    private readonly Tensor? _cost;
    private readonly Tensor? _minimum;
    private readonly Tensor? _maximum;
    private readonly int _targets;

    public DeviceAllocator(int[] target, long[]? cost, RankLimit[]? limits, Device device)
    {
        _target = Keep(target.Select(t => (long)t));
        _targets = target.Length == 0 ? 0 : target.Max() + 1;
        _ordinals = KeepWide(target.Select((_, i) => i + 1.0));
        // In float64, in which every cost up to 2⁵³ is exact, also as a running sum.
        if (cost is not null) _cost = KeepWide(target.Select(t => (double)cost[t]));
        if (limits is null) return;
        _minimum = Keep(target.Select(t => (long)limits[t].Minimum));
        _maximum = Keep(target.Select(t => (long)limits[t].Maximum));

        Tensor KeepWide(IEnumerable<double> values) => tensor(values.ToArray(), device: device).DetachFromDisposeScope();
        Tensor Keep(IEnumerable<long> values) => tensor(values.ToArray(), device: device).DetachFromDisposeScope();
    }

    /// <summary>Marks the survivors; made inside the caller's dispose scope.</summary>
    /// <param name="scores">One score a triplet, in canonical order.</param>
    /// <param name="budget">A float64 scalar on the scores' device.</param>
    /// <returns>1 for a survivor, else 0, in canonical order and of the scores' type.</returns>
    public Tensor Select(Tensor scores, Tensor budget)
    {
        var value = _cost is null ? scores : scores.div(_cost.to(scores.dtype));
        var order = value.nan_to_num(double.NegativeInfinity, double.PositiveInfinity, double.NegativeInfinity).sort(0, descending: true, stable: true).Indices;
        Tensor? excluded = null;
        if (_minimum is not null)
        {
            var byClass = Classes(order).sort(0, descending: false, stable: true);
            order = order.index_select(0, byClass.Indices);
            excluded = byClass.Values.eq(ExcludedClass);
        }
        var spent = _cost is null ? _ordinals : _cost.index_select(0, order).cumsum(0);
        var fits = spent.le(budget);
        if (excluded is not null) fits = fits.gt(excluded);
        // A ranking names every triplet, so all of it is written.
        return empty_like(scores).index_copy_(0, order, fits.to(scores.dtype));
    }

    public void Dispose()
    {
        foreach (var t in new[] { _target, _ordinals, _cost, _minimum, _maximum }) t?.Dispose();
    }

    /// <summary>The class of each triplet of a ranking, from its place among those of its own target.</summary>
    private Tensor Classes(Tensor order)
    {
        var target = _target.index_select(0, order);
        var grouped = target.sort(0, descending: false, stable: true);
        // Where a target's triplets begin once they are grouped.
        var begins = zeros(_targets + 1, dtype: ScalarType.Int64, device: target.device).index_add_(0, target.add(Scalars.OneInt, Scalars.OneInt), ones_like(target), Scalars.OneInt).cumsum(0);
        var place = zeros_like(target).index_copy_(0, grouped.Indices, arange(target.numel(), device: target.device).sub(begins.index_select(0, grouped.Values)));
        return place.ge(_minimum!.index_select(0, order)).to(ScalarType.Int64).add_(place.ge(_maximum!.index_select(0, order)).to(ScalarType.Int64), Scalars.OneInt);
    }
}
