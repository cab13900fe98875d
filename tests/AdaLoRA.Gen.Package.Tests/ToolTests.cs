using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>The tool as a user gets it: installed from a folder of packages, run by its own name.</summary>
[Collection(PackageWorld.Name)]
public sealed class ToolTests(PackageFeed feed)
{
    [Fact]
    public void ItInstallsRunsAndBringsNoNativeLibrary()
    {
        string place = Path.Combine(feed.Folder, "tools"), program = Path.Combine(place, OperatingSystem.IsWindows() ? "adalora.exe" : "adalora");
        feed.Must("tool", "install", "AdaLoRA.Gen.Tool", "--tool-path", place, "--version", feed.Version, "--add-source", feed.Feed, "--configfile", Path.Combine(feed.Folder, "nuget.config"));

        var version = Shell.Run(program, ["--version"]);
        Assert.True(version.ExitCode == 0, version.Output + version.Error);
        Assert.StartsWith("0.1.0", version.Output, StringComparison.Ordinal);

        var (exitCode, output, error) = Shell.Run(program, ["inspect", RepositoryRoot.Combine("tests", "fixtures", "peft", "llama_adalora_pruned"), "--json"]);
        Assert.True(exitCode == 0, output + error);
        Assert.Contains("\"schema\": \"adalora.inspect/1\"", output, StringComparison.Ordinal);

        string merged = Path.Combine(feed.Folder, "merged-by-the-tool");
        var merge = Shell.Run(program, ["merge", RepositoryRoot.Combine("tests", "fixtures", "peft", "llama_adalora_pruned"), "--base", RepositoryRoot.Combine("tests", "fixtures", "hf", "llama"), "-o", merged]);
        Assert.True(merge.ExitCode == 0, merge.Output + merge.Error);
        Assert.True(File.Exists(Path.Combine(merged, "model.safetensors")));

        // Its child process is found from the installed place, too: no application is here, and it says so.
        var doctor = Shell.Run(program, ["doctor", "--app", feed.Folder]);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Contains("holds no application with TorchSharp", doctor.Output, StringComparison.Ordinal);
        Assert.Contains("gpu", doctor.Output, StringComparison.Ordinal);

        string[] files = Directory.GetFiles(place, "*", SearchOption.AllDirectories);
        Assert.DoesNotContain(files, f => Path.GetFileName(f).Contains("LibTorchSharp", StringComparison.Ordinal) || f.EndsWith(".so", StringComparison.Ordinal) || f.EndsWith(".dylib", StringComparison.Ordinal));
        Assert.InRange(new FileInfo(Path.Combine(feed.Feed, $"AdaLoRA.Gen.Tool.{feed.Version}.nupkg")).Length, 500_000, 4_000_000);
    }
}
