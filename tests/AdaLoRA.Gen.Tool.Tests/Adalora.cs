using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Testing;
using AdaLoRA.Gen.Tool.Commands;

namespace AdaLoRA.Gen.Tool.Tests;

/// <summary>What a command wrote and returned.</summary>
internal sealed record Said(int ExitCode, string Output, string Error)
{
    public JsonNode Json => JsonNode.Parse(Output)!;
}

/// <summary>The program, in this process or in one of its own.</summary>
internal static class Adalora
{
    /// <summary>The build of the tool in its own folder, where no libtorch is.</summary>
    public static string Assembly { get; } = RepositoryRoot.Combine("src", "AdaLoRA.Gen.Tool", "bin", Configuration, "net8.0", "adalora.dll");

    private static string Configuration => typeof(Adalora).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Configuration").Value!;

    /// <summary>Runs a command line here.</summary>
    public static async Task<Said> Run(params string[] arguments) => await Run(CancellationToken.None, arguments);

    public static async Task<Said> Run(CancellationToken stop, params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        int exitCode = await CommandLine.RunAsync(arguments, new Terminal(output, error, IsRich: false, ShowsProgress: false), stop);
        return new Said(exitCode, output.ToString().ReplaceLineEndings("\n"), error.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>Runs a command line in a process of its own, which has no libtorch.</summary>
    public static Said Apart(IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        using var process = Start(arguments, environment);
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Said(process.ExitCode, output.ReplaceLineEndings("\n"), error.GetAwaiter().GetResult().ReplaceLineEndings("\n"));
    }

    public static Process Start(IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Assembly, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        foreach (string name in (string[])["ADALORA_TORCH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS"]) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>What a command wrote, if it did what it was told.</summary>
    public static Said Done(this Said said)
    {
        Assert.True(said.ExitCode == ExitCodes.Fine, said.Output + said.Error);
        return said;
    }
}
