using System.Diagnostics;
using AdaLoRA.Gen.Benchmarks.Reporting;
using AdaLoRA.Gen.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Benchmarks.Int8;

/// <summary>What training steps of AdaLoRA on a Llama-8B-shaped base of int8 rows cost: seconds, and peak resident memory of the process.</summary>
internal static class Int8Step
{
    private const int Tokens = 16;
    private const int Rank = 12;

    /// <summary>Builds the model, attaches seven adapters a layer and takes steps.</summary>
    /// <param name="steps">Steps; the times are those of the last, the first one also allocates.</param>
    /// <param name="progress">Told of each phase.</param>
    public static Int8Report Run(int steps, Progress progress)
    {
        var config = Int8Model.Llama8B;
        var clock = Stopwatch.StartNew();
        progress.Report($"Filling {config.LayerCount} layers with random bytes");
        using var model = Int8Model.Build(config);
        _ = Lap();
        int adapters = 7 * config.LayerCount;
        var set = AdapterSet.Attach(model, new AdaLoRAOptions
        {
            Budget = adapters * Rank / 4, InitialRank = Rank, Targets = ["model.layers.*.{q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj}"], InitialWarmup = 10, FinalWarmup = 10, Interval = 10,
        });
        if (set.Adapters.Count != adapters) throw new InvalidOperationException($"{set.Adapters.Count} adapters instead of {adapters}.");
        using var optimizer = set.CreateOptimizer(100, 1e-4);
        model.train();
        using var generator = new Generator(2);
        using var ids = randint(0, config.VocabSize, [1, Tokens], generator: generator);
        double forward = 0, backward = 0, update = 0;
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
        return new Int8Report(
            adapters, model.parameters().Where(p => p.dtype == ScalarType.Int8).Sum(p => p.numel()), set.Adapters.Sum(a => a.lora_A.numel() + a.lora_B.numel() + a.lora_E!.numel()), forward, backward, update, losses);

        double Lap()
        {
            double seconds = clock.Elapsed.TotalSeconds;
            clock.Restart();
            return seconds;
        }
    }
}

/// <summary>One run.</summary>
/// <param name="Adapters">Adapted matrices.</param>
/// <param name="Int8Parameters">Weights of one byte.</param>
/// <param name="AdapterParameters">Trained numbers.</param>
/// <param name="ForwardSeconds">Of the last step, loss included.</param>
/// <param name="BackwardSeconds">Of the last step.</param>
/// <param name="UpdateSeconds">The optimizer's part of the last step.</param>
/// <param name="Losses">Of each step.</param>
internal sealed record Int8Report(int Adapters, long Int8Parameters, long AdapterParameters, double ForwardSeconds, double BackwardSeconds, double UpdateSeconds, IReadOnlyList<double> Losses);
