using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Tells the host how many steps were applied without making it wait. On the CPU the counter is simply read. On a device every step sends attempts and applied steps into page-locked
/// memory, where the host finds them one step later; only when the device is further behind than that does the host wait for it.
/// </summary>
internal sealed class StepCounter : IDisposable
{
    private readonly bool _onCpu;
    private readonly bool _late;
    private readonly double _before;
    private readonly Tensor? _onDevice;
    private readonly Tensor? _onHost;
    private long _attempts;
    private StepCount _latest;
    private StepCount _known;

    /// <summary>Starts counting.</summary>
    /// <param name="applied">Applied steps so far, a float64 scalar.</param>
    /// <param name="late">On the CPU: tell what is known one step late, as on a device.</param>
    public StepCounter(Tensor applied, bool late)
    {
        _onCpu = applied.device_type == DeviceType.CPU;
        _late = late;
        _before = Read(applied);
        if (_onCpu) return;
        _onDevice = zeros(2, dtype: ScalarType.Float64, device: applied.device).DetachFromDisposeScope();
        using var pageable = zeros(2, dtype: ScalarType.Float64);
        _onHost = pageable.pin_memory().DetachFromDisposeScope();
    }

    /// <summary>The newest count that the host can have without waiting.</summary>
    public StepCount Known
    {
        get
        {
            if (!_onCpu) _known = FromHost();
            return _known;
        }
    }

    /// <summary>Called at the end of a step.</summary>
    public void Count(Tensor applied)
    {
        _attempts++;
        if (_onCpu)
        {
            var now = new StepCount(_attempts, (long)(Read(applied) - _before));
            _known = _late ? _latest : now;
            _latest = now;
            return;
        }
        // At most one step is under way unread.
        if (FromHost().Attempts < _attempts - 1) cuda.synchronize(_onDevice!.device);
        _onDevice!.narrow(0, 0, 1).fill_((Scalar)(double)_attempts);
        _onDevice.narrow(0, 1, 1).copy_(applied.view(1)).sub_((Scalar)_before);
        _onHost!.copy_(_onDevice, true);
    }

    /// <summary>The count of all steps, waiting for the device.</summary>
    public StepCount Synchronize(Tensor applied) => _known = new StepCount(_attempts, (long)(Read(applied) - _before));

    public void Dispose()
    {
        _onDevice?.Dispose();
        _onHost?.Dispose();
    }

    private StepCount FromHost()
    {
        var values = _onHost!.data<double>();
        return new StepCount((long)values[0], (long)values[1]);
    }

    private static double Read(Tensor applied)
    {
        using var here = applied.cpu();
        return here.item<double>();
    }
}
