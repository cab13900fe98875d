using System.CommandLine;
using AdaLoRA.Gen.Tool.Merging;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora merge ADAPTER --base FOLDER --output FOLDER</c>.</summary>
internal static class MergeCommand
{
    public static Command Build(Terminal terminal)
    {
        var adapter = new Argument<string>("adapter") { Description = "An adapter folder, a checkpoint, or the output folder of a run." };
        var from = new Option<string>("--base") { Description = "The base model: a Hugging Face folder with safetensors, sharded or not.", Required = true, HelpName = "folder" };
        var output = SharedOptions.Output("The folder of the merged model. It appears when it is complete.");
        var dtype = SharedOptions.DType();
        var force = SharedOptions.Force();
        var json = SharedOptions.Json();
        return new Command("merge", "Writes the base model with the adapter in its weights, as a Hugging Face folder; config and tokenizer come along. Streams: memory is a few blocks, whatever the model.") { adapter, from, output, dtype, force, json }
            .Runs(terminal, json, (parsed, stop) =>
            {
                bool asJson = parsed.GetValue(json);
                var report = MergeRun.Run(parsed.GetValue(adapter)!, parsed.GetValue(from)!, parsed.GetValue(output)!, parsed.GetValue(dtype), parsed.GetValue(force), terminal, asJson, stop);
                if (asJson) terminal.WriteJson(report, ToolJson.Default.MergeReport);
                else MergeRun.Write(report, terminal);
                return ExitCodes.Fine;
            });
    }
}
