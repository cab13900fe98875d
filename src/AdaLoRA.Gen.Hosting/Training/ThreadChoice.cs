namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Chooses the number of intra-op threads by timing one batch on 1, 2, 4, … and all of them. Other work on the machine only ever makes a batch slower, so the fastest of several runs counts, and the
/// candidates take turns: a burst then hits them all. The default (all) stays unless another is clearly faster.
/// </summary>
internal sealed class ThreadChoice
{
    /// <summary>Part of the run that looking may cost.</summary>
    public const double MostOfRun = 0.1;

    /// <summary>Seconds that looking may cost in any run that is long enough.</summary>
    public const double MostSeconds = 2;

    /// <summary>Part of a long run that looking may cost where <see cref="MostSeconds"/> are too few for its batches.</summary>
    public const double MostOfLongRun = 0.02;

    // Less than this is noise, and all threads is what libtorch does by itself.
    private const double Margin = 0.97;

    // On every machine measured the time falls and then rises with the threads: what is this much slower has no faster one below it.
    private const double Hopeless = 2;
    private const double Contender = 1.3;
    private const int MostSamples = 15;
    private const int LeastSamples = 3;
    private const int Patience = 5;

    private readonly SortedDictionary<int, (double Seconds, int Samples)> _times = [];
    private readonly Func<int, double> _time;
    private readonly int _all;
    private readonly long _batches;
    private double _spent;

    private ThreadChoice(int all, long batches, Func<int, double> time) => (_all, _batches, _time) = (all, batches, time);

    /// <summary>Measures and chooses.</summary>
    /// <param name="all">What libtorch would take, at least 1.</param>
    /// <param name="first">Seconds of the first batch of the process, on all threads; slower than any other, it says whether there is time to look.</param>
    /// <param name="batches">Micro-batches of the run.</param>
    /// <param name="time">Runs the batch on so many threads; gives its seconds.</param>
    /// <returns>The number, and the times that decided; no times where there was no choice, or no time to look.</returns>
    public static (int Threads, IReadOnlyList<ThreadTime> Times) Choose(int all, double first, long batches, Func<int, double> time)
    {
        if (all < 2) return (all, []);
        var choice = new ThreadChoice(all, batches, time);
        // All once and half of them once, which may take twice as long: less says nothing.
        if (3 * first > choice.Budget(first)) return (all, []);
        choice.Descend(first);
        choice.TakeTurns();
        return (choice.Best(), [.. choice._times.Select(t => new ThreadTime(t.Key, t.Value.Seconds * 1e3))]);
    }

    /// <summary>All, and the powers of two below, downwards.</summary>
    internal static IEnumerable<int> Candidates(int all)
    {
        yield return all;
        for (int n = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)all) / 2; n >= 1; n /= 2) yield return n;
    }

    private double Fastest => _times.Values.Min(t => t.Seconds);

    private double Budget(double batch)
    {
        double run = batch * _batches;
        return Math.Min(MostOfRun * run, Math.Max(MostSeconds, MostOfLongRun * run));
    }

    /// <summary>Every candidate once, until fewer threads are hopeless (said not once, but several times: a burst looks the same).</summary>
    private void Descend(double first)
    {
        double expected = first;
        foreach (int threads in Candidates(_all))
        {
            do
            {
                if (_spent + expected > Budget(_times.Count == 0 ? first : Fastest)) return;
                expected = Sample(threads);
            }
            while (IsHopeless(threads) && _times[threads].Samples < Patience);
            if (IsHopeless(threads)) return;
            expected = 2 * _times[threads].Seconds;
        }
    }

    private bool IsHopeless(int threads) => _times[threads].Seconds > Hopeless * Fastest;

    /// <summary>Rounds over those that may still win, in alternating order.</summary>
    private void TakeTurns()
    {
        for (int round = 0; round < MostSamples; round++)
        {
            int[] turn = [.. _times.Where(t => t.Value.Samples < LeastSamples || t.Value.Seconds <= Contender * Fastest).Select(t => t.Key)];
            if (turn.Length == 1 && _times[turn[0]].Samples >= LeastSamples) return;
            if (round % 2 == 1) Array.Reverse(turn);
            foreach (int threads in turn)
            {
                if (_spent + _times[threads].Seconds > Budget(Fastest)) return;
                Sample(threads);
            }
        }
    }

    private int Best()
    {
        var (threads, best) = _times.MinBy(t => t.Value.Seconds);
        var all = _times[_all];
        // Batches so long that there was time for one or two are those that gain from threads; on a busy machine, one or two prove nothing else.
        double margin = Math.Min(best.Samples, all.Samples) >= LeastSamples ? Margin : 1 / Hopeless;
        return best.Seconds < margin * all.Seconds ? threads : _all;
    }

    private double Sample(int threads)
    {
        double taken = _time(threads);
        _spent += taken;
        var (before, samples) = _times.GetValueOrDefault(threads, (double.PositiveInfinity, 0));
        _times[threads] = (Math.Min(before, taken), samples + 1);
        return taken;
    }
}
