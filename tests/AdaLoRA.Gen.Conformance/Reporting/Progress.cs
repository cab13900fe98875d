using System.Diagnostics;

namespace AdaLoRA.Gen.Conformance;

/// <summary>Says every other second on standard error what is going on; standard output holds results only.</summary>
internal sealed class Progress
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Prints <paramref name="what"/> when the last time was long enough ago.</summary>
    public void Report(Func<string> what)
    {
        if (Stopwatch.GetElapsedTime(_last) < Every) return;
        _last = Stopwatch.GetTimestamp();
        Console.Error.WriteLine(what());
    }
}
