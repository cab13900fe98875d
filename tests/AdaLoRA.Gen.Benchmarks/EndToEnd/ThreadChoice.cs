using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.EndToEnd;

/// <summary>Thread counts of a run: torch's default, and the one that a training run would choose for itself.</summary>
internal static class ThreadChoice
{
    /// <summary>What torch takes when nobody says anything.</summary>
    public static int Default() => torch.get_num_threads();

    /// <summary>The count whose fastest of three steps is the fastest, among 1, 2, 4 … and the default.</summary>
    public static int Best(int most, Action step)
    {
        var counts = Enumerable.Range(0, 16).Select(i => 1 << i).TakeWhile(n => n < most).Append(most);
        var times = counts.Select(n => (Threads: n, Seconds: FastestOfThree(n, step))).ToArray();
        return times.MinBy(t => t.Seconds).Threads;
    }

    private static double FastestOfThree(int threads, Action step)
    {
        torch.set_num_threads(threads);
        double fastest = double.MaxValue;
        // The first one builds the threads.
        for (int i = 0; i < 4; i++)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            step();
            if (i > 0) fastest = Math.Min(fastest, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return fastest;
    }
}
