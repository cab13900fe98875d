using System.Diagnostics;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary><c>merge</c> from its options to its report.</summary>
internal static class MergeRun
{
    private const long ShardBytes = 5_000_000_000;

    public static MergeReport Run(string path, string baseFolder, string output, string? dtype, bool force, Terminal terminal, bool quiet, CancellationToken stop)
    {
        var clock = Stopwatch.StartNew();
        string folder = AdapterPath.Of(path);
        OutputPlace.Check(output, force, folder, baseFolder);
        using var adapter = AdapterFolder.Open(folder);
        if (!Directory.Exists(baseFolder)) throw new AdaLoRAException($"There is no folder '{baseFolder}'; name the base model's folder with --base.");
        using var checkpoint = HuggingFaceCheckpoint.Open(baseFolder);
        var plan = MergePlan.Make(adapter, checkpoint, baseFolder);
        string? wanted = dtype switch { null => null, "float32" => "F32", "bfloat16" => "BF16", "float16" => "F16", _ => "F64" };
        long bytes = Merger.Total(plan, wanted);
        using var progress = new Progress(terminal, "merging", bytes, quiet);
        var tensors = new Merger(adapter, checkpoint, wanted, progress.Report, stop).Tensors(plan);
        OutputPlace.WriteFolder(output, made =>
        {
            HuggingFaceFolder.Write(made, baseFolder, known: null, Merger.MainType(plan, wanted), bytes: false, configure: null, tensors, ShardBytes);
            if (plan.LeftBeside.Count > 0) File.Copy(Path.Combine(folder, PeftKeys.TrainableFile), Path.Combine(made, PeftKeys.TrainableFile));
        });
        return new MergeReport("adalora.merge/1", folder, baseFolder, output, plan.Merged, plan.Replaced, [.. plan.Added.Select(a => a.Name)], plan.LeftBeside, tensors.Count, bytes, Math.Round(clock.Elapsed.TotalSeconds, 3));
    }

    public static void Write(MergeReport report, Terminal terminal)
    {
        terminal.Out.WriteLine($"{report.Output}: {report.Merged} adapters merged into {report.Base}, {report.Tensors} tensors, {Text.Bytes(report.Bytes)}, {report.Seconds:0.0} s.");
        if (report.Replaced > 0) terminal.Out.WriteLine($"{report.Replaced} parameters took their trained values.");
        if (report.Added.Count > 0) terminal.Out.WriteLine($"Added, as the base has none: {string.Join(", ", report.Added)}.");
        if (report.LeftBeside.Count > 0) terminal.Out.WriteLine($"{string.Join(", ", report.LeftBeside)}: trained, but no part of the base model; they lie in {PeftKeys.TrainableFile} beside it.");
    }
}
