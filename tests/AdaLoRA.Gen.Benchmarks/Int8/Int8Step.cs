using System.Diagnostics;
using System.Globalization;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Int8;

/// <summary>What training steps of AdaLoRA on a Llama-8B-shaped base of int8 rows cost: seconds, and peak resident memory of the process.</summary>
internal static class Int8Step
{
    /// <summary>The bar: 12 GiB resident at most.</summary>
    public const double MostGiB = 12;

    private const int Tokens = 16;
    private const int Rank = 12;

    /// <summary>Builds the model, attaches seven adapters a layer and takes steps.</summary>
    /// <param name="layers">Of the 32; fewer is for trying it out, and has no verdict.</param>
    /// <param name="steps">Steps; the times are those of the last, the first one also allocates.</param>
    /// <param name="progress">Told of each phase.</param>
    public static Int8Report Run(int layers, int steps, Progress progress)
    {
        var config = Int8Model.Llama8B with { LayerCount = layers };
        var clock = Stopwatch.StartNew();
        progress.Report($"Filling {layers} layers with random bytes");
        using var model = Int8Model.Build(config);
        double build = Lap();
        double built = GiB("VmRSS");
        int adapters = 7 * layers;
        var set = AdapterSet.Attach(model, new AdaLoRAOptions
        {
            Budget = adapters * Rank / 4, InitialRank = Rank, Targets = ["model.layers.*.{q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj}"], InitialWarmup = 10, FinalWarmup = 10, Interval = 10,
        });
        if (set.Adapters.Count != adapters) throw new InvalidOperationException($"{set.Adapters.Count} adapters instead of {adapters}.");
        using var optimizer = set.CreateOptimizer(100, 1e-4);
        model.train();
        using var generator = new Generator(2);
        using var ids = randint(0, config.VocabSize, [1, Tokens], generator: generator);
        double attach = Lap(), forward = 0, backward = 0, update = 0;
        var losses = new List<double>();
        for (int t = 1; t <= steps; t++)
        {
            progress.Report($"Step {t} of {steps}");
            using var scope = NewDisposeScope();
            _ = Lap();
            optimizer.zero_grad();
            using var loss = model.Loss(ids, null, ids);
            losses.Add(loss.item<float>());
            forward = Lap();
            loss.backward();
            backward = Lap();
            optimizer.step();
            update = Lap();
        }
        if (optimizer.SkippedSteps > 0) throw new InvalidOperationException("A gradient was not finite.");
        string? touched = model.named_parameters().FirstOrDefault(p => !p.name.StartsWith(AdapterSet.ModuleName, StringComparison.Ordinal) && p.parameter.grad is not null).name;
        if (touched is not null) throw new InvalidOperationException($"The frozen '{touched}' has a gradient.");
        double peak = GiB("VmHWM");
        return new Int8Report(
            "int8-step/llama-8b", peak, MostGiB, layers == Int8Model.Llama8B.LayerCount ? peak <= MostGiB : null,
            layers, adapters, Rank, Tokens, get_num_threads(), model.parameters().Where(p => p.dtype == ScalarType.Int8).Sum(p => p.numel()), set.Adapters.Sum(a => a.lora_A.numel() + a.lora_B.numel() + a.lora_E!.numel()),
            built, build, attach, forward, backward, update, losses);

        double Lap()
        {
            double seconds = clock.Elapsed.TotalSeconds;
            clock.Restart();
            return seconds;
        }
    }

    /// <summary>A figure of /proc/self/status; elsewhere what .NET knows, which has no peak that survives on every system.</summary>
    private static double GiB(string field)
    {
        const double Unit = 1L << 30;
        if (!OperatingSystem.IsLinux())
        {
            using var process = Process.GetCurrentProcess();
            return (field == "VmHWM" ? process.PeakWorkingSet64 : process.WorkingSet64) / Unit;
        }
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return double.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) * 1024 / Unit;
    }
}

/// <summary>One run.</summary>
/// <param name="Name">Of the bar.</param>
/// <param name="Value">Peak resident memory, GiB.</param>
/// <param name="Bar">At most this, GiB.</param>
/// <param name="Ok">Whether the bar holds; null for a model of another depth.</param>
/// <param name="Layers">Depth of the model.</param>
/// <param name="Adapters">Adapted matrices.</param>
/// <param name="Rank">Triplets of each.</param>
/// <param name="Tokens">Of the batch.</param>
/// <param name="Threads">Intra-op threads.</param>
/// <param name="Int8Parameters">Weights of one byte.</param>
/// <param name="AdapterParameters">Trained numbers.</param>
/// <param name="BaseGiB">Resident after the base was built.</param>
/// <param name="BuildSeconds">To fill the base with random bytes.</param>
/// <param name="AttachSeconds">To attach adapters and make an optimizer.</param>
/// <param name="ForwardSeconds">Of the last step, loss included.</param>
/// <param name="BackwardSeconds">Of the last step.</param>
/// <param name="UpdateSeconds">The optimizer's part of the last step.</param>
/// <param name="Losses">Of each step.</param>
internal sealed record Int8Report(
    string Name, double Value, double Bar, bool? Ok, int Layers, int Adapters, int Rank, int Tokens, int Threads, long Int8Parameters, long AdapterParameters,
    double BaseGiB, double BuildSeconds, double AttachSeconds, double ForwardSeconds, double BackwardSeconds, double UpdateSeconds, IReadOnlyList<double> Losses);
