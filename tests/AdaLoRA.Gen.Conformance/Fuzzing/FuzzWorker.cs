using System.Diagnostics;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>One thread's share of the inputs of one target.</summary>
internal sealed class FuzzWorker(FuzzTargetKind kind, ulong seed)
{
    /// <summary>Longest that one input may take.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(2);

    private readonly List<FuzzFailure> _failures = [];
    private long _started;

    /// <summary>The first failure of each kind.</summary>
    public IReadOnlyList<FuzzFailure> Failures => _failures;

    public long Done { get; private set; }

    public long Failed { get; private set; }

    /// <summary>Inputs that were read without an exception.</summary>
    public long Accepted { get; private set; }

    /// <summary>Largest part of its allowance that an input allocated, and which it was.</summary>
    public (double Share, long Index) LargestAllocation { get; private set; }

    /// <summary>Longest reading.</summary>
    public (TimeSpan Time, long Index) Longest { get; private set; }

    /// <summary>The input under way.</summary>
    public long Current { get; private set; }

    /// <summary>How long the input under way has been read; zero between two.</summary>
    public TimeSpan Waiting => Volatile.Read(ref _started) is var started and not 0 ? Stopwatch.GetElapsedTime(started) : TimeSpan.Zero;

    /// <summary>What ended the worker itself: a fault of the harness, not of a reader.</summary>
    public Exception? Broken { get; private set; }

    /// <summary>Tries the inputs from <paramref name="first"/>, every <paramref name="stride"/>th, below <paramref name="end"/>; the sound seeds before.</summary>
    public void Run(long first, long stride, long end)
    {
        try
        {
            using var target = kind.Create();
            for (int s = 0; s < target.Seeds.Count; s++) Try(target, s, -1 - s, target.Seeds[s]);
            for (long index = first; index < end; index += stride)
            {
                var random = new Mixer(seed, (ulong)index);
                int s = random.Below(target.Seeds.Count);
                Try(target, s, index, target.Damage(s, random));
                Done++;
            }
        }
        catch (Exception e)
        {
            Broken = e;
        }
    }

    private void Try(IFuzzTarget target, int from, long index, byte[] input)
    {
        target.Place(from, input);
        Current = index;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        Volatile.Write(ref _started, started);
        bool accepted = false;
        Exception? error = null;
        try
        {
            target.Read();
            accepted = true;
        }
        catch (Exception e)
        {
            error = e;
        }
        var time = Stopwatch.GetElapsedTime(started);
        Volatile.Write(ref _started, 0);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (error is not null and not (AdaLoRAException or SafetensorsException or GgufException)) Fail(index, input, $"{error.GetType().Name} {Frame(error)}", $"{error.GetType().Name}: {FirstLine(error.Message)} ({Frame(error)})");
        else if (index < 0 && !accepted) Fail(index, input, "seed", $"the sound seed {-1 - index} is refused: {FirstLine(error!.Message)}");
        if (index < 0) return;
        if (accepted) Accepted++;
        var (factor, constant) = target.Allowance;
        double share = allocated / ((double)factor * input.Length + constant);
        if (share > LargestAllocation.Share) LargestAllocation = (share, index);
        if (time > Longest.Time) Longest = (time, index);
        if (share > 1) Fail(index, input, "allocation", $"{allocated} bytes allocated for {input.Length}; {factor} a byte and {constant} are allowed");
        if (time > TimeLimit) Fail(index, input, "time", $"{time.TotalSeconds:0.0} s for {input.Length} bytes");
    }

    private void Fail(long index, byte[] input, string what, string sentence)
    {
        Failed++;
        if (_failures.All(f => f.Kind != what)) _failures.Add(new FuzzFailure(index, what, sentence, input));
    }

    /// <summary>The innermost method of this code base that the exception went through.</summary>
    private static string Frame(Exception error)
    {
        var method = new StackTrace(error).GetFrames().Select(f => f.GetMethod()).FirstOrDefault(m => m?.DeclaringType?.FullName?.StartsWith("AdaLoRA.Gen.", StringComparison.Ordinal) == true);
        return method is null ? "?" : $"{method.DeclaringType!.Name}.{method.Name}";
    }

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('\r') is var line && line.Length > 200 ? line[..200] + "…" : line;
}
