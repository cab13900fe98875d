using AdaLoRA.Gen.Arena;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// The losses since the last reading, summed on the device: only <see cref="Read"/> and <see cref="Save"/> wait for it. Counted are the finite losses of applied attempts: a skipped step is as if
/// it had not been taken, and one loss that is not a number would hide all others.
/// </summary>
/// <remarks>Sum and number are float32 scalars of one tensor [2]; they go into checkpoints, so that a mean is the same bit for bit whether or not the run stopped between two readings.</remarks>
internal sealed class LossMeter : IDisposable
{
    private readonly Tensor _sums;
    private readonly Tensor _attempt;
    private readonly Tensor _appliedBefore;

    /// <param name="device">Where the losses are.</param>
    /// <param name="since">What a checkpoint holds.</param>
    public LossMeter(Device device, LossesSinceReading since)
    {
        _sums = tensor(new[] { since.Sum, since.Count }, device: device).DetachFromDisposeScope();
        _attempt = zeros(2, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        _appliedBefore = zeros(1, dtype: ScalarType.Float64, device: device).DetachFromDisposeScope();
    }

    /// <summary>An attempt begins.</summary>
    /// <param name="applied">The optimizer's count of applied steps, a float64 scalar on the device.</param>
    public void Begin(Tensor applied)
    {
        using var _ = no_grad();
        _attempt.zero_();
        _appliedBefore.copy_(applied);
    }

    /// <summary>One more loss of the attempt, a scalar.</summary>
    public void Add(Tensor loss)
    {
        using var _ = no_grad();
        var value = loss.detach().to(_attempt.dtype).reshape(1);
        _attempt.add_(cat([value.nan_to_num(0, 0, 0), value.isfinite().to(_attempt.dtype)]), Scalars.One);
    }

    /// <summary>The attempt is over; its losses count when the optimizer's count rose.</summary>
    /// <param name="applied">As in <see cref="Begin"/>.</param>
    public void End(Tensor applied)
    {
        using var _ = no_grad();
        _sums.add_(_attempt * (applied - _appliedBefore).to(_attempt.dtype), Scalars.One);
    }

    /// <summary>The mean of the losses so far, which start anew; not a number where none was finite.</summary>
    public double Read()
    {
        using var scope = NewDisposeScope();
        var since = Save();
        using var _ = no_grad();
        _sums.zero_();
        return (double)since.Sum / since.Count;
    }

    /// <summary>What a checkpoint holds.</summary>
    public LossesSinceReading Save()
    {
        using var scope = NewDisposeScope();
        var sums = _sums.cpu().data<float>();
        return new LossesSinceReading(sums[0], sums[1]);
    }

    public void Dispose()
    {
        _sums.Dispose();
        _attempt.Dispose();
        _appliedBefore.Dispose();
    }
}
