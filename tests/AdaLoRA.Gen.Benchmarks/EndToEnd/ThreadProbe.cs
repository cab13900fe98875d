using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.EndToEnd;

/// <summary>The thread count that a training run would choose for itself: the fastest on one batch, and torch's default unless another is clearly faster.</summary>
internal static class ThreadProbe
{
    // Less than this is noise.
    private const double Margin = 0.97;

    private const int Samples = 3;

    /// <param name="all">Torch's default.</param>
    /// <param name="time">Runs one batch and gives its seconds.</param>
    public static int Choose(int all, Func<double> time)
    {
        int[] counts = [.. Enumerable.Range(0, 16).Select(i => 1 << i).TakeWhile(n => n < all), all];
        var fastest = counts.ToDictionary(n => n, _ => double.MaxValue);
        for (int sample = 0; sample <= Samples; sample++)
        {
            foreach (int threads in counts)
            {
                torch.set_num_threads(threads);
                double seconds = time();
                // The first turn builds the threads and compiles the code.
                if (sample > 0) fastest[threads] = Math.Min(fastest[threads], seconds);
            }
        }
        var best = fastest.MinBy(f => f.Value);
        return best.Value < Margin * fastest[all] ? best.Key : all;
    }
}
