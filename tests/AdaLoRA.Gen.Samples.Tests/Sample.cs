using System.Diagnostics;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Samples.Tests;

/// <summary>Runs programs as a user's shell does.</summary>
internal static class Sample
{
    public sealed record Outcome(int ExitCode, string Output, string Error)
    {
        public string LastLine => Output.TrimEnd().Split('\n')[^1].TrimEnd('\r');
    }

    /// <summary>Runs a built sample by its own executable, as <c>dotnet run</c> does. (That was once a link into obj, where the runtime did not find the rest.)</summary>
    public static Outcome Run(string program, string folder, params string[] arguments) =>
        Start(Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? program + ".exe" : program), folder, arguments);

    /// <summary>Runs <c>dotnet</c> in a folder.</summary>
    public static Outcome Dotnet(string folder, params string[] arguments) =>
        Start(Environment.ProcessPath is { } p && Path.GetFileNameWithoutExtension(p) == "dotnet" ? p : "dotnet", folder, arguments);

    private static Outcome Start(string program, string folder, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, error.Result);
    }

    /// <summary>A small part of BANKING77: the first intents, so that a few steps learn something.</summary>
    public static void WriteSmallData(string folder, int intents, int train, int test)
    {
        var data = IntentSample.IntentData.Read(RepositoryRoot.Combine("samples", "IntentClassifier", "data", "banking77"));
        foreach (var (file, examples, count) in new[] { ("train.csv", data.Train, train), ("test.csv", data.Test, test) })
        {
            var rows = Enumerable.Range(0, intents).SelectMany(i => examples.Where(e => e.Intent == i).Take(count)).Select(e => $"\"{e.Text.Replace("\"", "\"\"")}\",{data.Intents[e.Intent]}");
            File.WriteAllLines(Path.Combine(folder, file), rows.Prepend("text,category"));
        }
    }
}
