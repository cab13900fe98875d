using System.CommandLine;
using System.Globalization;
using AdaLoRA.Gen.Tool.Comparison;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora diff A B</c>.</summary>
internal static class DiffCommand
{
    public static Command Build(Terminal terminal)
    {
        var a = new Argument<string>("a") { Description = "An adapter folder, a checkpoint, or the output folder of a run." };
        var b = new Argument<string>("b") { Description = "Another one." };
        var json = SharedOptions.Json();
        var tolerance = new Option<double>("--tolerance")
        {
            Description = "Relative change of a weight's update up to which it counts as the same. Default 0: bit for bit.",
            HelpName = "x",
            CustomParser = argument =>
            {
                if (double.TryParse(argument.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= 0 && double.IsFinite(value)) return value;
                argument.AddError("--tolerance must be a number of at least 0.");
                return 0;
            },
        };
        return new Command("diff", "Compares two adapters: config, targets, ranks, and how far apart their updates are, without forming them. Returns 0 when they are the same, 1 when they differ.") { a, b, tolerance, json }
            .Runs(terminal, json, (parsed, stop) =>
            {
                var report = AdapterComparison.Compare(parsed.GetValue(a)!, parsed.GetValue(b)!, parsed.GetValue(tolerance), stop);
                if (parsed.GetValue(json)) terminal.WriteJson(report, ToolJson.Default.DiffReport);
                else DiffText.Write(report, terminal);
                return report.Same ? ExitCodes.Fine : ExitCodes.Found;
            });
    }
}
