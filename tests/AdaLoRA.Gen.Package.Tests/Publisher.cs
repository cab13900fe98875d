using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>Publishes Apps/Probe in the shapes that the tests ask for, each once, into a temporary folder.</summary>
public sealed class Publisher : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("adalora-package-").FullName;
    private readonly Dictionary<string, string> published = [];

    public static string Project => Path.Combine(RepositoryRoot.Path, "tests", "AdaLoRA.Gen.Package.Tests", "Apps", "Probe", "Probe.csproj");

    /// <summary>A new empty folder that goes away with the tests.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(root, Guid.NewGuid().ToString("n"))).FullName;

    /// <summary>The folder of the application published with these arguments.</summary>
    public string Publish(params string[] arguments)
    {
        string key = string.Join(' ', arguments);
        if (published.TryGetValue(key, out string? done)) return done;
        string folder = Path.Combine(root, $"app{published.Count}");
        var (exitCode, output, error) = Dotnet("publish", ["-o", folder, "-p:CreateHardLinksForPublishFilesIfPossible=true", .. arguments]);
        Assert.True(exitCode == 0, output + error);
        return published[key] = folder;
    }

    /// <summary>Runs a command of the SDK on the probe. The outputs go to the temporary folder, so that the repository's own bin and obj stay as they are.</summary>
    internal (int ExitCode, string Output, string Error) Dotnet(string command, params string[] arguments)
        => Shell.Run("dotnet", [command, Project, .. arguments, "-p:Configuration=Release", "-nodeReuse:false", "-p:UseArtifactsOutput=true", $"-p:ArtifactsPath={Path.Combine(root, "artifacts")}"]);

    internal static (int ExitCode, string Output, string Error) Run(string folder, params (string Name, string? Value)[] environment)
        => Shell.Run(Path.Combine(folder, OperatingSystem.IsWindows() ? "Probe.exe" : "Probe"), [], environment);

    public void Dispose() => Directory.Delete(root, recursive: true);
}
