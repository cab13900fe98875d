using System.Diagnostics;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Benchmarks.Serving;

/// <summary>Steps over a while.</summary>
/// <param name="StepMs">Mean of a step: what disturbs one now and then is what is asked for.</param>
/// <param name="ThreadMs">Processor time of the training thread a step; null where the system does not tell.</param>
/// <param name="OtherCores">Processor time of all threads but the training one ÷ wall time; null where the system does not tell.</param>
internal readonly record struct StepMean(double StepMs, double? ThreadMs, double? OtherCores);

/// <summary>Counts a run's steps, when the last was done, and the processor time of the training thread until then.</summary>
internal sealed partial class StepClock : ITrainingObserver
{
    private const int ThreadCpuTime = 3; // CLOCK_THREAD_CPUTIME_ID of Linux

    private readonly Lock _gate = new();
    private long _steps;
    private long _last;
    private double? _threadSeconds;

    public long Steps
    {
        get
        {
            lock (_gate) return _steps;
        }
    }

    public void OnStep(in StepCompleted e)
    {
        double? seconds = OperatingSystem.IsLinux() && GetTime(ThreadCpuTime, out var time) == 0 ? time.Seconds + time.Nanoseconds * 1e-9 : null;
        lock (_gate) (_steps, _last, _threadSeconds) = (_steps + 1, Stopwatch.GetTimestamp(), seconds);
    }

    /// <summary>Measures from the last step before now to the last step before the end.</summary>
    public async Task<StepMean> MeanAsync(TimeSpan length)
    {
        var from = Now();
        await Task.Delay(length);
        var to = Now();
        double wall = Stopwatch.GetElapsedTime(from.Last, to.Last).TotalSeconds;
        double? thread = to.Thread - from.Thread;
        long steps = to.Steps - from.Steps;
        return new StepMean(wall * 1e3 / steps, thread * 1e3 / steps, (to.Process - from.Process - thread) / wall);
    }

    private (long Steps, long Last, double? Thread, double Process) Now()
    {
        using var self = Process.GetCurrentProcess();
        lock (_gate) return (_steps, _last, _threadSeconds, self.TotalProcessorTime.TotalSeconds);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
