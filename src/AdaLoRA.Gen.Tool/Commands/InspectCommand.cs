using System.CommandLine;
using AdaLoRA.Gen.Tool.Inspection;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora inspect PATH</c>.</summary>
internal static class InspectCommand
{
    public static Command Build(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "An adapter folder (PEFT's or AdaLoRA.Gen's), a checkpoint, the output folder of a run, a model folder, or a .safetensors file." };
        var json = SharedOptions.Json();
        var headers = new Option<bool>("--headers") { Description = "Read headers only: no norms, no look for NaN. For models of many gigabytes." };
        var all = new Option<bool>("--all") { Description = "Name every tensor of a model." };
        return new Command("inspect", "Says what an adapter, checkpoint, run or model is: method, rank map, sizes, scale, drift from orthogonality, lambda, NaN. Returns 1 when a value is NaN or infinite.") { path, headers, all, json }
            .Runs(terminal, json, (parsed, stop) =>
            {
                bool asJson = parsed.GetValue(json);
                var report = Inspector.Inspect(parsed.GetValue(path)!, !parsed.GetValue(headers), terminal, asJson, stop);
                if (asJson) terminal.WriteJson(report, ToolJson.Default.InspectReport);
                else InspectText.Write(report, parsed.GetValue(all), terminal);
                return report.Finite == false ? ExitCodes.Found : ExitCodes.Fine;
            });
    }
}
