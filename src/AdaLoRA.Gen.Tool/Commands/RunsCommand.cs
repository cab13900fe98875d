using System.CommandLine;
using AdaLoRA.Gen.Tool.Runs;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora runs [PATH]</c>.</summary>
internal static class RunsCommand
{
    public static Command Build(Terminal terminal)
    {
        var path = new Argument<string>("path") { Description = "The output folder of runs, a folder that holds several, or one log (runs/*.jsonl).", DefaultValueFactory = _ => "." };
        var json = SharedOptions.Json();
        return new Command("runs", "Lists the runs whose logs lie below a folder, newest first: state, step, loss, metric, triplets, time.") { path, json }
            .Runs(terminal, json, (parsed, stop) =>
            {
                var report = RunReader.Read(parsed.GetValue(path)!, terminal, parsed.GetValue(json), stop);
                if (parsed.GetValue(json)) terminal.WriteJson(report, ToolJson.Default.RunsReport);
                else RunsText.Write(report, terminal);
                return ExitCodes.Fine;
            });
    }
}
