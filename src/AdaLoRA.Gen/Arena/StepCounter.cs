using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Arena;

/// <summary>
/// Tells the host how many steps were applied without making it wait. On the CPU the counter is simply read. On a device every step sends it into a slot of page-locked
/// memory, where the host finds it one step later; only when the device is further behind than that does the host wait for it.
/// </summary>
internal sealed class StepCounter : IDisposable
{
    /// <summary>More than can be under way.</summary>
    private const int Slots = 4;

    /// <summary>A slot whose count has not arrived.</summary>
    private const double Awaited = -1;

    private readonly bool _onCpu;
    private readonly bool _late;
    private readonly double _before;
    private readonly Device _device;
    private readonly Tensor? _onHost;
    private readonly Tensor[] _slots = [];
    private long _attempts;
    private StepCount _latest;
    private StepCount _known;

    /// <summary>Starts counting.</summary>
    /// <param name="applied">Applied steps so far, a float64 scalar.</param>
    /// <param name="late">On the CPU: tell what is known one step late, as on a device.</param>
    public StepCounter(Tensor applied, bool late)
    {
        _device = applied.device;
        _onCpu = applied.device_type == DeviceType.CPU;
        _late = late;
        _before = Read(applied);
        if (_onCpu) return;
        using var scope = NewDisposeScope();
        _onHost = zeros(Slots, dtype: ScalarType.Float64).pin_memory().DetachFromDisposeScope();
        _slots = [.. Enumerable.Range(0, Slots).Select(i => _onHost.select(0, i).DetachFromDisposeScope())];
    }

    /// <summary>The newest count that the host can have without waiting.</summary>
    public StepCount Known
    {
        get
        {
            if (!_onCpu) Receive();
            return _known;
        }
    }

    /// <summary>Called at the end of a step. On a device one small copy to the host, which is not waited for.</summary>
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
        Receive();
        if (_known.Attempts < _attempts - 1)
        {
            cuda.synchronize(_device);
            Receive();
        }
        _onHost!.data<double>()[_attempts % Slots] = Awaited;
        _slots[_attempts % Slots].copy_(applied, true);
    }

    /// <summary>The count of all steps, waiting for the device.</summary>
    public StepCount Synchronize(Tensor applied) => _known = new StepCount(_attempts, (long)(Read(applied) - _before));

    public void Dispose()
    {
        // A copy into freed memory must not be under way.
        if (_onHost is not null && Known.Attempts < _attempts) cuda.synchronize(_device);
        foreach (var slot in _slots) slot.Dispose();
        _onHost?.Dispose();
    }

    // Copies arrive in order, so whatever is there counts all steps before it, too.
    private void Receive()
    {
        var slots = _onHost!.data<double>();
        while (_known.Attempts < _attempts && slots[(_known.Attempts + 1) % Slots] is var applied and not Awaited) _known = new StepCount(_known.Attempts + 1, (long)(applied - _before));
    }

    private static double Read(Tensor applied)
    {
        using var here = applied.cpu();
        return here.item<double>();
    }
}
