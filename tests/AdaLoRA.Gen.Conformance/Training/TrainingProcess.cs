using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>This program once more, as a child that trains.</summary>
internal static class TrainingProcess
{
    /// <summary>What a child came to.</summary>
    /// <param name="Killed">Whether it was killed; otherwise it ended by itself.</param>
    /// <param name="ExitCode">Of a child that ended by itself: 0 for a complete run.</param>
    /// <param name="Log">What it told before.</param>
    /// <param name="Error">Its standard error.</param>
    /// <param name="Elapsed">From its start to its end.</param>
    public sealed record Outcome(bool Killed, int ExitCode, RunLog Log, string Error, TimeSpan Elapsed);

    /// <summary>Starts a child and waits for its end.</summary>
    /// <param name="run">The case.</param>
    /// <param name="folder">The run's output folder.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="killAfter">When to send SIGKILL; null lets it end.</param>
    public static Outcome Run(RunCase run, string folder, int seed, TimeSpan? killAfter = null)
    {
        var start = new ProcessStartInfo(Host()) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in (string[])["exec", typeof(TrainingProcess).Assembly.Location, TrainCommand.Name, folder, "--case", run.Name, "--seed", seed.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }
        // One thread computes; those of OpenMP must not spin for the core that it needs.
        start.Environment["OMP_WAIT_POLICY"] = "passive";
        start.Environment["OMP_NUM_THREADS"] = "1";
        long began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        bool killed = killAfter is { } delay && !process.WaitForExit(delay);
        if (killed) process.Kill();
        process.WaitForExit();
        var elapsed = Stopwatch.GetElapsedTime(began);
        // A child that ended in the instant before the signal was not killed.
        killed &= process.ExitCode != 0;
        return new Outcome(killed, process.ExitCode, RunLog.Parse(output.GetAwaiter().GetResult()), error.GetAwaiter().GetResult().Trim(), elapsed);
    }

    /// <summary>The <c>dotnet</c> that runs this process: also right inside a test host, where the process is not this program.</summary>
    private static string Host()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : "dotnet";
    }
}
