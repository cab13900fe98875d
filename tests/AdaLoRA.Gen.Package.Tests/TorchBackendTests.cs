using System.Text.Json;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>Which libtorch <c>-p:TorchBackend=</c> gives a project that runs. Evaluated, not restored: the CUDA packages are several GB.</summary>
public class TorchBackendTests
{
    private static readonly string Project = RepositoryRoot.Combine("samples", "IntentClassifier", "IntentClassifier.csproj");

    [Theory]
    [InlineData("cpu", "linux-x64", "libtorch-cpu-linux-x64")]
    [InlineData("cpu", "win-x64", "libtorch-cpu-win-x64")]
    [InlineData("cuda", "linux-x64", "TorchSharp-cuda-linux")]
    [InlineData("cuda", "win-x64", "TorchSharp-cuda-windows")]
    [InlineData("none", "linux-x64", null)]
    public void Gives_the_package_of_the_platform_in_TorchSharps_version(string backend, string platform, string? package)
    {
        var (exitCode, output, error) = Shell.Run("dotnet",
            ["msbuild", Project, $"-p:TorchBackend={backend}", $"-p:RuntimeIdentifier={platform}", "-getItem:PackageReference", "-getItem:PackageVersion"]);
        Assert.True(exitCode == 0, output + error);
        using var json = JsonDocument.Parse(output);
        var items = json.RootElement.GetProperty("Items");
        string[] torch = [.. Names(items.GetProperty("PackageReference")).Where(n => n.Contains("torch", StringComparison.OrdinalIgnoreCase))];
        Assert.Equal(package is null ? [] : [package], torch);
        if (package is null) return;
        var versions = items.GetProperty("PackageVersion").EnumerateArray().ToDictionary(v => v.GetProperty("Identity").GetString()!, v => v.GetProperty("Version").GetString());
        // TorchSharp's own packages name the libtorch that belongs to them.
        Assert.Equal(versions[backend == "cuda" ? "TorchSharp" : "libtorch-cpu-linux-x64"], versions[package]);
    }

    [Theory]
    [InlineData("cuda", "osx-arm64", "There is no CUDA libtorch package for 'osx-arm64': use linux-x64 or win-x64.")]
    [InlineData("rocm", "linux-x64", "TorchBackend is 'rocm', but only cpu, cuda and none exist.")]
    public void What_there_is_not_is_one_sentence(string backend, string platform, string sentence)
    {
        var (exitCode, output, _) = Shell.Run("dotnet", ["msbuild", Project, $"-p:TorchBackend={backend}", $"-p:RuntimeIdentifier={platform}", "-t:CheckTorchBackend", "-nologo"]);
        Assert.NotEqual(0, exitCode);
        Assert.Contains(sentence, output, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Names(JsonElement items) => items.EnumerateArray().Select(i => i.GetProperty("Identity").GetString()!);
}
