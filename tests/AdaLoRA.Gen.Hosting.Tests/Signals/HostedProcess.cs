using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Hosting.Tests.Signals;

/// <summary><see cref="HostedProgram"/> as a process of its own, to which signals are sent as a container's runtime sends them.</summary>
internal static partial class HostedProcess
{
    private const int SigTerm = 15;

    /// <summary>How a process ended.</summary>
    /// <param name="ExitCode">128 + the signal's number if the signal killed it.</param>
    /// <param name="AfterSignal">From the signal to the end; zero when none was sent.</param>
    /// <param name="Lines">What it told.</param>
    /// <param name="Error">Its standard error.</param>
    public sealed record Outcome(int ExitCode, TimeSpan AfterSignal, IReadOnlyList<string> Lines, string Error);

    /// <summary>Runs the program to its end.</summary>
    /// <param name="folder">Where its runs write.</param>
    /// <param name="signalAt">The line upon which SIGTERM is sent; null for none.</param>
    /// <param name="times">How often it is sent.</param>
    /// <param name="arguments">For the program.</param>
    public static Outcome Run(string folder, string? signalAt = null, int times = 1, params string[] arguments)
    {
        var start = new ProcessStartInfo(Dotnet(), ["exec", typeof(HostedProgram).Assembly.Location, folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var lines = new List<string>();
        long signalled = 0;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
            if (signalled != 0 || line != signalAt) continue;
            signalled = Stopwatch.GetTimestamp();
            for (int i = 0; i < times; i++)
            {
                Assert.Equal(0, Kill(process.Id, SigTerm));
                // Signals of one kind that wait to be delivered are one.
                if (i + 1 < times) Thread.Sleep(5);
            }
        }
        process.WaitForExit();
        return new Outcome(process.ExitCode, signalled == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(signalled), lines, error.Result.Trim());
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    // In a test host the process is not always dotnet itself.
    private static string Dotnet()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : "dotnet";
    }
}
