using System.Diagnostics;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>Runs a program to its end, as a user's shell would.</summary>
internal static class Shell
{
    public static (int ExitCode, string Output, string Error) Run(string program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
        => RunIn(Path.GetTempPath(), program, arguments, environment);

    public static (int ExitCode, string Output, string Error) RunIn(string folder, string program, IEnumerable<string> arguments, params (string Name, string? Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        // What the test host put there for itself would make the inner dotnet use the outer one's MSBuild.
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || k is "VSTEST_CONNECTION_TIMEOUT" or "ADALORA_TORCH" or "OMP_WAIT_POLICY").ToArray())
        {
            start.Environment.Remove(name);
        }
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
