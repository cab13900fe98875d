using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.EndToEnd;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Models;
using TorchSharp;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>Fine-tuning MiniLM on BANKING77, 36 adapters of rank 8 and a trained head, batches of 32 sentences: samples a second against PEFT's operations, and with our own choice of threads.</summary>
internal sealed class MiniLmBars : BarGroup
{
    private const string Ours = "ours", Peft = "peft-style", Frozen = "frozen", Chosen = "chosen", Default = "default";
    private const double OfTheGap = 0.9, FirstLossTolerance = 3e-6, LossTolerance = 1e-3;
    private const int Batches = 8;

    private static readonly Worker<Effort, Dictionary<string, List<double>>> AgainstPeft = new("minilm", MeasurePeft);
    private static readonly Worker<Effort, ThreadTimes> Threads = new("minilm-threads", MeasureThreads);
    private static readonly Worker<int, StartTimes> FirstStep = new("minilm-start", MeasureStart);

    public override string Name => "minilm";

    public override double QuickSeconds => 40;

    public override IReadOnlyList<string> Bars => [Bar("samples/s ours/peft-style"), Bar("samples/s chosen/default threads")];

    public override IEnumerable<Worker> Workers => [AgainstPeft, Threads, FirstStep];

    public override GroupResult Run(RunOptions options)
    {
        var seconds = AgainstPeft.Run(options.Effort(warmup: 2, quick: 20, full: 150, atLeast: 7)).Result;
        var threads = Threads.Run(options.Effort(warmup: 1, quick: 8, full: 60, atLeast: 7)).Result;
        var start = FirstStep.Run(0).Result;
        int rounds = seconds[Ours].Count;
        double gap = Ratio(Peft, Frozen).Median;
        Verdict[] verdicts =
        [
            Verdict.AtLeast(Bars[0], Ratio(Peft, Ours), OfTheGap * gap, rounds, note: $"{OfTheGap} × the peft-style step / frozen step of this run, which is {gap:F3}; 1 thread"),
            // The same number of threads is the same run.
            threads.ChosenThreads == threads.DefaultThreads
                ? Verdict.AtLeast(Bars[1], new Interval(1, 1, 1), 1, 0, note: $"it chose the default, {threads.DefaultThreads}")
                : Verdict.AtLeast(Bars[1], Interval.OfMedian(threads.Seconds[Default].Zip(threads.Seconds[Chosen], (d, c) => d / c)), 1, threads.Seconds[Chosen].Count, note: $"{threads.ChosenThreads} against {threads.DefaultThreads}"),
        ];
        return new GroupResult(verdicts,
        [
            new Table($"{Name}: BANKING77, batches of {MiniLmFiles.BatchSize}, 1 thread, {rounds} rounds", ["", "step ms", "samples/s"],
                [.. seconds.Select(s => new object[] { s.Key, 1e3 * Median(s.Value), MiniLmFiles.BatchSize / Median(s.Value) })]),
            new Table($"{Name}: seconds from the start of the process", ["", "s"], [["libtorch loaded", start.Loaded], ["model read", start.Read], ["batch tokenised", start.Tokenised], ["adapters attached", start.Attached], ["first step done", start.Stepped]]),
        ]);

        Interval Ratio(string a, string b) => Interval.OfMedian(seconds[a].Zip(seconds[b], (x, y) => x / y));
    }

    private static double Median(IEnumerable<double> values) => Interval.OfMedian(values).Median;

    private static Dictionary<string, List<double>> MeasurePeft(Effort effort)
    {
        NativeThreads.Configure(1);
        using var ours = new MiniLmOurs(new MiniLmClassifier());
        using var peft = new MiniLmPeft(new MiniLmClassifier());
        using var frozen = new MiniLmFrozen(new MiniLmClassifier());
        ours.CopyFrom(peft);
        var batches = MiniLmFiles.Batches(BertConfig.FromFolder(MiniLmFiles.Model), Batches);
        // From the same factors the same loss, and after some steps, which went through gradients, regulariser, AdamW and importance, still the same.
        for (int step = 1; step <= 4; step++)
        {
            double a = ours.Step(batches[step % Batches], step, readLoss: true).Loss, b = peft.Step(batches[step % Batches], step, readLoss: true).Loss;
            if (!(Math.Abs(a - b) <= (step == 1 ? FirstLossTolerance : LossTolerance) * b)) throw new InvalidOperationException($"Step {step}: the loss of ours is {a} and that of PEFT's operations {b}.");
        }
        return InterleavedRun.Measure("minilm", new Dictionary<string, Func<int, double>>
        {
            [Ours] = n => ours.Step(batches[n % Batches], n).Seconds,
            [Peft] = n => peft.Step(batches[n % Batches], n).Seconds,
            [Frozen] = n => frozen.Step(batches[n % Batches], n).Seconds,
        }, effort, first: 5);
    }

    private static ThreadTimes MeasureThreads(Effort effort)
    {
        NativeThreads.Configure(null);
        // In a container fewer cores than libtorch, which sees the machine, starts threads for.
        int most = Math.Min(torch.get_num_threads(), Environment.ProcessorCount);
        using var ours = new MiniLmOurs(new MiniLmClassifier());
        var batches = MiniLmFiles.Batches(BertConfig.FromFolder(MiniLmFiles.Model), Batches);
        int step = 0;
        // What the trainer itself does on its discarded batch, for a run of 600 steps.
        int best = ThreadChoice.Choose(most, Step(0, most), 600, threads => Step(0, threads)).Threads;
        if (best == most) return new ThreadTimes(best, most, []);
        return new ThreadTimes(best, most, InterleavedRun.Measure("minilm threads", new Dictionary<string, Func<int, double>> { [Chosen] = n => Step(n, best), [Default] = n => Step(n, most) }, effort));

        double Step(int round, int threads)
        {
            torch.set_num_threads(threads);
            return ours.Step(batches[round % Batches], ++step).Seconds;
        }
    }

    private static StartTimes MeasureStart(int _)
    {
        double SinceStart()
        {
            using var process = Process.GetCurrentProcess();
            return (DateTime.Now - process.StartTime).TotalSeconds;
        }
        NativeThreads.Configure(1);
        torch.zeros(1).Dispose();
        double loaded = SinceStart();
        var model = new MiniLmClassifier();
        double read = SinceStart();
        using var batch = MiniLmFiles.Batches(BertConfig.FromFolder(MiniLmFiles.Model), 1)[0];
        double tokenised = SinceStart();
        using var ours = new MiniLmOurs(model);
        double attached = SinceStart();
        ours.Step(batch, 1);
        return new StartTimes(loaded, read, tokenised, attached, SinceStart());
    }

    private sealed record ThreadTimes(int ChosenThreads, int DefaultThreads, Dictionary<string, List<double>> Seconds);

    private sealed record StartTimes(double Loaded, double Read, double Tokenised, double Attached, double Stepped);
}
