using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>This program once more, as a child that trains.</summary>
internal static class TrainingProcess
{
    /// <summary>A moment in the life of a child.</summary>
    /// <param name="FromFirstStep">Whether <paramref name="Delay"/> counts from the start of training, or from that of the process.</param>
    /// <param name="Delay">How long after.</param>
    public readonly record struct Moment(bool FromFirstStep, TimeSpan Delay);

    /// <summary>What a child came to.</summary>
    /// <param name="Killed">Whether it was killed; otherwise it ended by itself.</param>
    /// <param name="ExitCode">Of a child that ended by itself: 0 for a complete run.</param>
    /// <param name="Log">What it told before.</param>
    /// <param name="Error">Its standard error.</param>
    /// <param name="Elapsed">From its start to its end.</param>
    public sealed record Outcome(bool Killed, int ExitCode, LossLog Log, string Error, TimeSpan Elapsed);

    /// <summary>Starts a child and waits for its end.</summary>
    /// <param name="run">The case.</param>
    /// <param name="folder">The run's output folder.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="kill">When to send SIGKILL; null lets it end.</param>
    public static Outcome Run(RunCase run, string folder, int seed, Moment? kill = null)
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
        using var started = new ManualResetEventSlim();
        var output = Task.Run(() => ReadLog(process.StandardOutput, started));
        var error = process.StandardError.ReadToEndAsync();
        bool killed = false;
        if (kill is { } moment)
        {
            if (moment.FromFirstStep) started.Wait();
            killed = !process.WaitForExit(moment.Delay);
            if (killed) process.Kill();
        }
        process.WaitForExit();
        var elapsed = Stopwatch.GetElapsedTime(began);
        // A child that ended in the instant before the signal was not killed.
        killed &= process.ExitCode != 0;
        return new Outcome(killed, process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult().Trim(), elapsed);
    }

    /// <summary>Reads to the end of the child; <paramref name="started"/> is set when training starts, or when it never will.</summary>
    private static LossLog ReadLog(StreamReader reader, ManualResetEventSlim started)
    {
        var log = new LossLog(null);
        while (reader.ReadLine() is { } line)
        {
            log.Read(line);
            if (log.FirstStep is not null) started.Set();
        }
        started.Set();
        return log;
    }

    /// <summary>The <c>dotnet</c> that runs this process: also right inside a test host, where the process is not this program.</summary>
    private static string Host()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return File.Exists(host) ? host : "dotnet";
    }
}
