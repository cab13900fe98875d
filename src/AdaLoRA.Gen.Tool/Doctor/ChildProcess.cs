using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>How a child process ended.</summary>
/// <param name="ExitCode">Its exit code; null when it was stopped for taking too long, or never started.</param>
/// <param name="Output">What it wrote to standard output, its first part.</param>
/// <param name="LastWords">The last lines of its standard error.</param>
/// <param name="WhyNot">Why it did not end by itself; null when it did.</param>
internal sealed record ChildResult(int? ExitCode, string Output, string LastWords, string? WhyNot)
{
    /// <summary>The signal that ended it, by name; null for none.</summary>
    public string? Signal => OperatingSystem.IsWindows() ? null : ExitCode switch { 129 => "SIGHUP", 131 => "SIGQUIT", 132 => "SIGILL", 133 => "SIGTRAP", 134 => "SIGABRT", 135 => "SIGBUS", 136 => "SIGFPE", 137 => "SIGKILL", 139 => "SIGSEGV", 143 => "SIGTERM", _ => null };
}

/// <summary>Runs a program that may crash, hang or flood its output; the caller survives all of it.</summary>
internal static class ChildProcess
{
    private const int MostOutput = 1 << 16, MostLines = 8;

    /// <summary>Runs it to its end, or to the end of patience.</summary>
    public static ChildResult Run(string program, IEnumerable<string> arguments, TimeSpan patience, CancellationToken stop)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        // A crash is what we look for; a core file of it is not wanted.
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        try
        {
            using var process = new Process { StartInfo = start };
            var output = new StringBuilder();
            var errors = new Queue<string>();
            process.OutputDataReceived += (_, e) => Keep(output, e.Data);
            process.ErrorDataReceived += (_, e) => Keep(errors, e.Data);
            process.Start();
            process.StandardInput.Close();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return Wait(process, patience, stop) is { } whyNot ? Result(null, whyNot) : Result(process.ExitCode, null);

            ChildResult Result(int? exitCode, string? why)
            {
                lock (output) lock (errors) return new ChildResult(exitCode, output.ToString(), string.Join('\n', errors), why);
            }
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
        {
            return new ChildResult(null, "", "", $"'{program}' could not be started: {e.Message}");
        }
    }

    private static string? Wait(Process process, TimeSpan patience, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience);
        try
        {
            // Its output is read to the end, too, unless a grandchild holds the pipe open: then the limit ends the wait.
            process.WaitForExitAsync(limit.Token).GetAwaiter().GetResult();
            return null;
        }
        catch (OperationCanceledException)
        {
            if (process.HasExited) return null;
            process.Kill(entireProcessTree: true);
            stop.ThrowIfCancellationRequested();
            return string.Create(CultureInfo.InvariantCulture, $"it did not end within {patience.TotalSeconds:0.#} s and was stopped");
        }
    }

    private static void Keep(StringBuilder output, string? line)
    {
        if (line is null) return;
        lock (output)
        {
            if (output.Length + line.Length < MostOutput) output.Append(line).Append('\n');
        }
    }

    private static void Keep(Queue<string> errors, string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (errors)
        {
            errors.Enqueue(line.Length <= 400 ? line : line[..400]);
            if (errors.Count > MostLines) errors.Dequeue();
        }
    }

    /// <summary>This program, run anew: the host that runs it now, and its assembly.</summary>
    public static (string Program, string[] Arguments) Self()
    {
        string host = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        // shared/Microsoft.NETCore.App/10.0.0/ of the installation that runs this.
        string own = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", host));
        return (File.Exists(own) ? own : host, ["exec", typeof(ChildProcess).Assembly.Location]);
    }
}
