using System.CommandLine;
using System.Globalization;
using AdaLoRA.Gen.Tool.Doctor;
using Spectre.Console;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary><c>adalora doctor [--app FOLDER]</c>.</summary>
internal static class DoctorCommand
{
    private const double DefaultTimeout = 60;

    public static Command Build(Terminal terminal)
    {
        var app = new Option<string?>("--app") { Description = "The application's folder, where its .dll lies. Default: the newest output of the project here or above, else the current folder.", HelpName = "folder" };
        var timeout = new Option<double>("--timeout")
        {
            Description = "Seconds that a child process may take.",
            HelpName = "seconds",
            DefaultValueFactory = _ => DefaultTimeout,
            CustomParser = argument =>
            {
                if (double.TryParse(argument.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value > 0 && value <= 86_400) return value;
                argument.AddError($"--timeout is '{argument.Tokens[0].Value}'; it must be a number of seconds above 0 and at most 86400.");
                return DefaultTimeout;
            },
        };
        var json = SharedOptions.Json();
        return new Command("doctor", "Says what keeps libtorch from loading, and how to mend it: files, versions, GPU, threads, and a self-test in a child process. Returns 1 when there is a problem.") { app, timeout, json }
            .Runs(terminal, json, (parsed, stop) =>
            {
                var (program, arguments) = ChildProcess.Self();
                var children = new ChildChecks(program, arguments, TimeSpan.FromSeconds(parsed.GetValue(timeout)));
                var report = Examination.Run(Application.Find(parsed.GetValue(app), Directory.GetCurrentDirectory()), children, Environment.GetEnvironmentVariable, stop);
                if (parsed.GetValue(json)) terminal.WriteJson(report, ToolJson.Default.DoctorReport);
                else Write(report, terminal);
                return report.Healthy ? ExitCodes.Fine : ExitCodes.Found;
            });
    }

    internal static void Write(DoctorReport report, Terminal terminal)
    {
        terminal.Out.WriteLine($"{report.Application} ({report.Chosen})");
        int width = report.Checks.Max(c => c.Id.Length);
        var console = terminal.IsRich ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal.Out) }) : null;
        foreach (var check in report.Checks)
        {
            string word = check.Status switch { CheckStatus.Ok => "ok", CheckStatus.Warning => "warning", _ => "problem" }, text = $"  {check.Id.PadRight(width)}  {check.Message}";
            if (console is null) terminal.Out.WriteLine($"{word,-7}{text}");
            else console.Write(new Spectre.Console.Rows(new Markup($"[{Colour(check.Status)}]{word,-7}[/]{Markup.Escape(text)}")));
            // Plain: a remedy is there to be copied, and must not be broken by a terminal's width.
            if (check.Remedy is { } remedy) terminal.Out.WriteLine($"{"",-7}  {"".PadRight(width)}  → {remedy}");
        }
        terminal.Out.WriteLine(report.Problems == 0 ? $"No problem{(report.Warnings > 0 ? $", {report.Warnings} warnings" : "")}." : $"{report.Problems} problems, {report.Warnings} warnings.");
    }

    private static string Colour(CheckStatus status) => status switch { CheckStatus.Ok => "green", CheckStatus.Warning => "yellow", _ => "red" };
}
