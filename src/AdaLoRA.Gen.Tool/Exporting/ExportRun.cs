using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Exporting;

/// <summary><c>export --to lora</c> and <c>--to gguf</c> from their options to their report.</summary>
internal static class ExportRun
{
    private const string Untold = "AdaLoRA's files do not say what kind of layer a target is: every one was taken for Linear. If there are convolutions or embeddings among them, export again with --base.";

    /// <summary>The options of the command.</summary>
    internal sealed record Options(string Adapter, string? Base, string Output, bool Force, int? Heads, int? KeyValueHeads, string? Name);

    public static ExportReport ToLoRA(Options options, CancellationToken stop)
    {
        var (adapter, from) = Open(options);
        using var _ = adapter;
        var forms = PlainForm.Of(adapter, from, stop);
        LoRAExport.Write(adapter, forms, options.Output);
        return Report("lora", adapter, forms, options, from is null && adapter.Method == AdapterMethod.AdaLoRA ? Untold : null);
    }

    public static ExportReport ToGguf(Options options, CancellationToken stop)
    {
        if (Directory.Exists(options.Output)) throw new AdaLoRAException($"'{options.Output}' is a folder; name the .gguf file to write.");
        var (adapter, from) = Open(options);
        using var _ = adapter;
        var heads = GgufExport.Heads(from, options.Heads, options.KeyValueHeads);
        var forms = PlainForm.Of(adapter, from, stop);
        GgufExport.Write(adapter, forms, from, heads, options.Output, options.Name);
        return Report("gguf", adapter, forms, options, null);
    }

    public static void Write(ExportReport report, Terminal terminal)
    {
        terminal.Out.WriteLine($"{report.Output}: {report.Targets} targets, {report.Rank} triplets, {Text.Bytes(report.Bytes)}.");
        if (report.LeftOut.Count > 0) terminal.Out.WriteLine($"Left out, of rank 0: {string.Join(", ", report.LeftOut.Take(5))}{(report.LeftOut.Count > 5 ? $" and {report.LeftOut.Count - 5} more" : "")}.");
        if (report.Note is { } note) terminal.Out.WriteLine(note);
    }

    /// <summary>The folder, and the base model: the one that is named, else the one that the adapter's config names if that is a folder here.</summary>
    private static (AdapterFolder Adapter, string? Base) Open(Options options)
    {
        string folder = AdapterPath.Of(options.Adapter);
        OutputPlace.Check(options.Output, options.Force, options.Base is null ? [folder] : [folder, options.Base]);
        if (options.Base is { } named && !Directory.Exists(named)) throw new AdaLoRAException($"There is no folder '{named}'; name the base model's folder with --base.");
        var adapter = AdapterFolder.Open(folder);
        return (adapter, options.Base ?? (adapter.Config.Text("base_model_name_or_path") is { Length: > 0 } said && Directory.Exists(said) && HuggingFaceCheckpoint.IsIn(said) ? said : null));
    }

    private static ExportReport Report(string to, AdapterFolder adapter, List<PlainForm> forms, Options options, string? note) => new(
        "adalora.export/1",
        adapter.Folder,
        to,
        options.Output,
        forms.Count,
        [.. adapter.Targets.Where(t => t.Rank == 0).Select(t => t.Path)],
        forms.Sum(f => (long)f.Target.Rank),
        File.Exists(options.Output) ? new FileInfo(options.Output).Length : Directory.GetFiles(options.Output).Sum(file => new FileInfo(file).Length),
        note);
}
