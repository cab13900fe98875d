using System.CommandLine;
using AdaLoRA.Gen.Tool.Exporting;
using AdaLoRA.Gen.Tool.Merging;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora export ADAPTER --to lora|gguf|merged --output PATH</c>.</summary>
internal static class ExportCommand
{
    public static Command Build(Terminal terminal)
    {
        var adapter = new Argument<string>("adapter") { Description = "An adapter folder, a checkpoint, or the output folder of a run." };
        var to = new Option<string>("--to") { Description = "lora: a plain-LoRA folder for everything that loads one; gguf: llama.cpp's --lora file of a Llama; merged: the whole model, as merge writes it.", Required = true, HelpName = "lora|gguf|merged" };
        to.AcceptOnlyFromAmong("lora", "gguf", "merged");
        var from = SharedOptions.Base("The base model. merged needs it; gguf takes the attention heads from it; lora the kinds of layers. Default: what the adapter names, if that is a folder here.");
        var output = SharedOptions.Output("A folder (lora, merged) or a file (gguf). It appears when it is complete.");
        var dtype = SharedOptions.DType();
        var heads = Whole("--heads", "gguf without --base: attention heads (num_attention_heads).");
        var keyHeads = Whole("--kv-heads", "gguf without --base: heads of keys and values (num_key_value_heads). Default: --heads.");
        var name = new Option<string?>("--name") { Description = "gguf: what people call the file (general.name).", HelpName = "text" };
        var force = SharedOptions.Force();
        var json = SharedOptions.Json();
        var command = new Command("export", "Writes an adapter in another form. Exact but for one rounding of A.") { adapter, to, from, output, dtype, heads, keyHeads, name, force, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(to)?.Tokens is [{ Value: "merged" }] && result.GetResult(from) is not { Implicit: false }) result.AddError("--to merged needs the base model: name its folder with --base.");
            if (result.GetResult(to)?.Tokens is [{ Value: "lora" or "gguf" }] && result.GetResult(dtype) is { Implicit: false }) result.AddError("--dtype is for --to merged: adapters are written in the type they are kept in.");
        });
        return command.Runs(terminal, json, (parsed, stop) =>
        {
            bool asJson = parsed.GetValue(json);
            if (parsed.GetValue(to) == "merged")
            {
                var merged = MergeRun.Run(parsed.GetValue(adapter)!, parsed.GetValue(from)!, parsed.GetValue(output)!, parsed.GetValue(dtype), parsed.GetValue(force), terminal, asJson, stop);
                if (asJson) terminal.WriteJson(merged, ToolJson.Default.MergeReport);
                else MergeRun.Write(merged, terminal);
                return ExitCodes.Fine;
            }
            var options = new ExportRun.Options(parsed.GetValue(adapter)!, parsed.GetValue(from), parsed.GetValue(output)!, parsed.GetValue(force), parsed.GetValue(heads), parsed.GetValue(keyHeads), parsed.GetValue(name));
            var report = parsed.GetValue(to) == "gguf" ? ExportRun.ToGguf(options, stop) : ExportRun.ToLoRA(options, stop);
            if (asJson) terminal.WriteJson(report, ToolJson.Default.ExportReport);
            else ExportRun.Write(report, terminal);
            return ExitCodes.Fine;
        });
    }

    private static Option<int?> Whole(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "n",
        CustomParser = argument =>
        {
            if (int.TryParse(argument.Tokens[0].Value, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value) && value >= 1) return value;
            argument.AddError($"{name} must be a whole number of at least 1.");
            return null;
        },
    };
}
