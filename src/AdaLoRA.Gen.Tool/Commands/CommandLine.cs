using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Output;

namespace AdaLoRA.Gen.Tool.Commands;

/// <summary>The command line: one class a command, listed here.</summary>
internal static class CommandLine
{
    private const string Description = """
        Looks at, compares, merges and exports LoRA and AdaLoRA adapter folders, shows runs, and says what keeps libtorch from loading.

        Exit codes: 0 done; 1 done, and the answer is no (doctor: a problem; inspect: a NaN or infinite value; diff: a difference);
        2 not done (one sentence says why); 130 interrupted, with nothing half-written left behind (dashboard: 0, Ctrl-C is how it ends).
        """;

    /// <summary>All commands.</summary>
    /// <param name="terminal">Where they write.</param>
    public static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand(Description);
        root.Subcommands.Add(DoctorCommand.Build(terminal));
        root.Subcommands.Add(InspectCommand.Build(terminal));
        root.Subcommands.Add(DiffCommand.Build(terminal));
        root.Subcommands.Add(MergeCommand.Build(terminal));
        root.Subcommands.Add(ExportCommand.Build(terminal));
        root.Subcommands.Add(RunsCommand.Build(terminal));
        root.Subcommands.Add(DashboardCommand.Build(terminal));
        root.Subcommands.Add(CompletionCommand.Build(terminal));
        root.Subcommands.Add(SelfTestCommand.Build(terminal));
        return root;
    }

    /// <summary>Parses and runs.</summary>
    /// <param name="arguments">As the shell gives them.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="stop">Interrupts as Ctrl-C does.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken stop = default)
    {
        var parsed = Build(terminal).Parse(arguments);
        // The parser's own answer is the first page of the help, on standard output, where a script expects data.
        if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction) return Fail(terminal, arguments.Contains("--json"), WrongCommandLine.Sentence(parsed), ExitCodes.Failed);
        // Not the parser's own handling: a command that writes takes its temporary files away before it ends, however long that takes, and nothing cuts it short.
        using var interrupted = CancellationTokenSource.CreateLinkedTokenSource(stop);
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }
        using var controlC = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = terminal.Out, Error = terminal.Error };
        return await parsed.InvokeAsync(invocation, interrupted.Token).ConfigureAwait(false);
    }

    /// <summary>Makes a command's action: what the user has to know of a failure is one sentence, and what was interrupted says so.</summary>
    /// <param name="command">The command.</param>
    /// <param name="terminal">Where to write.</param>
    /// <param name="json">Its option <c>--json</c>.</param>
    /// <param name="run">What it does.</param>
    public static Command Runs(this Command command, Terminal terminal, Option<bool> json, Func<ParseResult, CancellationToken, int> run)
    {
        // What a script leaves of a variable that is not set; no value of any command may be empty.
        command.Validators.Add(result =>
        {
            foreach (var child in result.Children.Where(c => c.Tokens.Any(t => t.Value.Length == 0)))
            {
                string name = child is System.CommandLine.Parsing.OptionResult option ? option.Option.Name : ((System.CommandLine.Parsing.ArgumentResult)child).Argument.Name;
                result.AddError($"{name} is empty; give it a value.");
            }
        });
        // On a thread of its own: the parser's would not see Ctrl-C before the work is done.
        command.SetAction((parsed, stop) => Task.Run(() => Guarded(terminal, parsed.GetValue(json), () => run(parsed, stop)), CancellationToken.None));
        return command;
    }

    private static int Guarded(Terminal terminal, bool json, Func<int> run)
    {
        try
        {
            return run();
        }
        catch (OperationCanceledException)
        {
            return Fail(terminal, json, "Interrupted; nothing was written.", ExitCodes.Interrupted);
        }
        catch (Exception e) when (e is AdaLoRAException or SafetensorsException or GgufException or IOException or UnauthorizedAccessException)
        {
            return Fail(terminal, json, e.Message, ExitCodes.Failed);
        }
    }

    private static int Fail(Terminal terminal, bool json, string message, int exitCode)
    {
        if (json) terminal.WriteJson(new ErrorReport(message), ToolJson.Default.ErrorReport);
        else terminal.Error.WriteLine(message);
        return exitCode;
    }
}
