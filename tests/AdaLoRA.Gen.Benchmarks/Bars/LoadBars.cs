using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.EndToEnd;
using AdaLoRA.Gen.Benchmarks.Measuring;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Benchmarks.Workers;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Bars;

/// <summary>
/// Loading weights from safetensors: seconds, and memory beyond the tensors that stay. 23 MB is MiniLM as it ships, int8 that becomes float32; 2 GB is a stack of float32 layers, written for the
/// measurement. The files are in the page cache: what is timed is this code, not a disk.
/// </summary>
internal sealed class LoadBars(bool large) : BarGroup
{
    /// <summary>Anonymous memory beyond the tensors, as a part of the file: a second copy would be 1. One tensor at a time is in the file's type; MiniLM's word embeddings are half of its file.</summary>
    private const double ExtraLimitMiniLm = 0.6, ExtraLimitStack = 0.05;

    private const int Layers = 128, Width = 2048; // 128 × 2048² × 4 bytes = 2.1 GB

    private static readonly Worker<string, LoadSample> MiniLm = new("load-minilm", LoadMiniLm), Stack = new("load-stack", LoadStack);

    private static readonly Worker<string, bool> Writer = new("load-write", Write);

    public override string Name => large ? "load-2GB" : "load-23MB";

    public override double QuickSeconds => 4;

    public override IReadOnlyList<string> Bars => [Bar("memory beyond the tensors / file")];

    public override bool InQuick => !large;

    public override IEnumerable<Worker> Workers => [MiniLm, Stack, Writer];

    public override GroupResult Run(RunOptions options)
    {
        if (!large) return Judge(Repeat(MiniLm, MiniLmFiles.Model));
        string folder = Directory.CreateTempSubdirectory("adalora-load-").FullName;
        try
        {
            Writer.Run(folder);
            return Judge(Repeat(Stack, folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private GroupResult Judge(LoadSample[] samples)
    {
        var extra = Interval.Range(samples.Select(s => s.ExtraMB / s.FileMB));
        var seconds = Interval.Range(samples.Select(s => s.Seconds));
        var first = samples[0];
        return new GroupResult([Verdict.AtMost(Bars[0], extra, large ? ExtraLimitStack : ExtraLimitMiniLm, samples.Length)],
        [
            new Table($"{Name}: {first.FileMB:F0} MB become {first.TensorsMB:F0} MB of tensors, {samples.Length} processes", ["", "median", "least", "most"],
            [
                ["seconds", seconds.Median, seconds.Low, seconds.High],
                ["MB of tensors a second", first.TensorsMB / seconds.Median, first.TensorsMB / seconds.High, first.TensorsMB / seconds.Low],
                ["MB beyond the tensors", extra.Median * first.FileMB, extra.Low * first.FileMB, extra.High * first.FileMB],
            ]),
        ]);
    }

    private static LoadSample[] Repeat(Worker<string, LoadSample> worker, string folder) => [.. Enumerable.Range(0, 3).Select(_ => worker.Run(folder).Result)];

    private static LoadSample LoadMiniLm(string folder) => Measure(folder, () => BertModel.FromPretrained(folder));

    private static LoadSample LoadStack(string folder) => Measure(folder, () =>
    {
        // As the models of AdaLoRA.Gen.Models do it: built on no memory, then filled.
        var stack = new LinearStack();
        using var checkpoint = HuggingFaceCheckpoint.Open(folder);
        CheckpointLoader.Load(stack, checkpoint);
        return stack;
    });

    private static LoadSample Measure(string folder, Func<nn.Module> load)
    {
        NativeThreads.Configure(1);
        // The libraries' own memory is not the file's.
        using (var warm = nn.Linear(64, 64)) _ = warm.weight.sum().item<float>();
        double before = ProcessMemory.Anonymous();
        var sampler = new PeakSampler();
        long start = Stopwatch.GetTimestamp();
        using var model = load();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, peak = sampler.Stop();
        double tensors = model.parameters().Sum(p => p.numel() * p.element_size()) / 1e6;
        double file = new FileInfo(Path.Combine(folder, "model.safetensors")).Length / 1e6;
        return new LoadSample(seconds, file, tensors, Math.Max(0, peak - before - tensors));
    }

    private static bool Write(string folder)
    {
        NativeThreads.Configure(1);
        using var values = randn(Width, Width);
        // One tensor under all names: the file is large, this process is not.
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), Enumerable.Range(0, Layers).Select(i => KeyValuePair.Create($"layers.{i}.weight", values)));
        return true;
    }

    private sealed class LinearStack : nn.Module
    {
        private readonly ModuleList<Linear> layers = new([.. Enumerable.Range(0, Layers).Select(_ => nn.Linear(Width, Width, hasBias: false, device: META))]);

        public LinearStack() : base(nameof(LinearStack)) => RegisterComponents();
    }

    private sealed record LoadSample(double Seconds, double FileMB, double TensorsMB, double ExtraMB);
}
