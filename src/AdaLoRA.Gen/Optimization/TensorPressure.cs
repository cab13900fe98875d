using TorchSharp;

namespace AdaLoRA.Gen.Optimization;

/// <summary>
/// Keeps a training loop without dispose scopes from growing without bound: a lean step makes so little managed garbage that the collector never runs, and every tensor waits for
/// its finalizer. Costs one counter a step.
/// </summary>
internal sealed class TensorPressure
{
    private const long Allowed = 20_000;
    private long _baseline = -1;

    public void Relieve()
    {
        long live = torch.Tensor.TotalCount;
        if (_baseline < 0) _baseline = live;
        if (live - _baseline < Allowed) return;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _baseline = torch.Tensor.TotalCount;
    }
}
