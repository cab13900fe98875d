using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using AdaLoRA.Gen.Benchmarks.Measuring;

namespace AdaLoRA.Gen.Benchmarks.Workers;

/// <summary>
/// A measurement in a process of its own: it starts with a fresh heap, its own thread count and no memory but its own, and tells its peak memory. The program starts itself again with the hidden
/// command <see cref="Command"/>; argument and result travel as JSON.
/// </summary>
/// <param name="name">Unique among all workers.</param>
internal abstract class Worker(string name)
{
    public const string Command = "worker";

    // A measurement that hangs must not hang the run.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    protected static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public string Name => name;

    /// <summary>Does the work in this process.</summary>
    /// <returns>The result as one line of JSON.</returns>
    public abstract string Serve(string argument);

    /// <summary>Starts this program again and waits for its result.</summary>
    /// <exception cref="WorkerException">It failed or took half an hour.</exception>
    protected string Launch(string argument)
    {
        using var process = Process.Start(StartInfo(argument)) ?? throw new WorkerException($"The process of '{name}' did not start.");
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            throw new WorkerException($"The process of '{name}' was still running after {Limit.TotalMinutes:F0} minutes.");
        }
        if (process.ExitCode != 0) throw new WorkerException($"The process of '{name}' ended with exit code {process.ExitCode}; what it wrote stands above.");
        // Libraries may write to standard output, too: the result is the last line.
        return output.Result.TrimEnd().Split('\n')[^1];
    }

    /// <summary>How this program is started again to do the work.</summary>
    protected ProcessStartInfo StartInfo(string argument)
    {
        string self = Environment.ProcessPath ?? throw new WorkerException("The path of this program is unknown.");
        var info = new ProcessStartInfo(self) { RedirectStandardOutput = true };
        // Started as 'dotnet AdaLoRA.Gen.Benchmarks.dll', the process is the host and wants to be told the program again.
        if (Path.GetFileNameWithoutExtension(self) == "dotnet") info.ArgumentList.Add(typeof(Worker).Assembly.Location);
        foreach (string word in (string[])[Command, name, argument]) info.ArgumentList.Add(word);
        info.Environment.TryAdd("OMP_WAIT_POLICY", "passive");
        return info;
    }
}

/// <inheritdoc/>
internal sealed class Worker<TArgument, TResult>(string name, Func<TArgument, TResult> work) : Worker(name)
{
    /// <summary>Measures in a new process.</summary>
    /// <exception cref="WorkerException">It failed.</exception>
    public Measured<TResult> Run(TArgument argument) => JsonSerializer.Deserialize<Measured<TResult>>(Launch(JsonSerializer.Serialize(argument, Json)), Json)!;

    /// <summary>Starts a process that is told line by line, on its standard input, what to do, and answers on its standard output.</summary>
    public Process Start(TArgument argument)
    {
        var info = StartInfo(JsonSerializer.Serialize(argument, Json));
        info.RedirectStandardInput = true;
        return Process.Start(info) ?? throw new WorkerException($"The process of '{Name}' did not start.");
    }

    public override string Serve(string argument)
    {
        var result = work(JsonSerializer.Deserialize<TArgument>(argument, Json)!);
        return JsonSerializer.Serialize(new Measured<TResult>(result, ProcessMemory.Peak()), Json);
    }
}

/// <summary>A result and the peak resident memory of the process that found it, in megabytes of 10⁶ bytes.</summary>
internal sealed record Measured<T>(T Result, double PeakMB);

/// <summary>A measuring process failed.</summary>
internal sealed class WorkerException(string message) : Exception(message);
