namespace AdaLoRA.Gen.Benchmarks.Measuring;

/// <summary>Highest anonymous memory between start and stop, in megabytes of 10⁶ bytes, looked at every millisecond: the kernel keeps no high-water mark of it.</summary>
internal sealed class PeakSampler
{
    private readonly Thread _thread;
    private volatile bool _stop;
    private double _peak = ProcessMemory.Anonymous();

    public PeakSampler()
    {
        _thread = new Thread(() =>
        {
            while (!_stop)
            {
                _peak = Math.Max(_peak, ProcessMemory.Anonymous());
                Thread.Sleep(1);
            }
        }) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends the sampling.</summary>
    public double Stop()
    {
        _stop = true;
        _thread.Join();
        return Math.Max(_peak, ProcessMemory.Anonymous());
    }
}
