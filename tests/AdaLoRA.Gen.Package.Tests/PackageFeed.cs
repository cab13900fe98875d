using System.Reflection;
using System.Security;
using System.Xml.Linq;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>Classes of this collection share one feed and run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PackageWorld : ICollectionFixture<PackageFeed>
{
    public const string Name = "packages";
}

/// <summary>
/// A folder outside the repository with what was built here as packages, and the world of a user around it: a feed, a package cache and a place for projects. The version is new in every run, so no cache can answer
/// with an older package; other packages come from the machine's cache as it stands, so libtorch is neither fetched nor unpacked again.
/// </summary>
public sealed class PackageFeed : IDisposable
{
    private static readonly string[] Packed = ["src/AdaLoRA.Gen", "src/AdaLoRA.Gen.Hosting", "src/AdaLoRA.Gen.Models", "src/AdaLoRA.Gen.Dashboard", "src/AdaLoRA.Gen.Reports", "src/AdaLoRA.Gen.Tool", "samples/Templates"];

    public PackageFeed()
    {
        try
        {
            Pack();
        }
        catch
        {
            Dispose();  // nobody else does it for an object that was not made
            throw;
        }
        WriteSettings();
    }

    private void Pack()
    {
        foreach (string project in Packed) Must("pack", RepositoryRoot.Combine(project), "--no-build", "-c", Configuration, "-o", Feed, $"-p:PackageVersion={Version}");
    }

    private void WriteSettings()
    {
        var versions = XDocument.Load(RepositoryRoot.Combine("Directory.Packages.props")).Descendants();
        string hosting = versions.Single(e => e.Name == "PackageVersion" && (string?)e.Attribute("Include") == "Microsoft.Extensions.Hosting").Attribute("Version")!.Value;
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } chosen ? chosen : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(Folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="built here" value="{SecurityElement.Escape(Feed)}" /></packageSources>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(Folder, "Directory.Build.props"), $"""
            <Project>
              <PropertyGroup>
                <RestorePackagesPath>{SecurityElement.Escape(Path.Combine(Folder, "cache"))}</RestorePackagesPath>
                <RestoreFallbackFolders>{SecurityElement.Escape(cache)}</RestoreFallbackFolders>
                <PackageVersionUnderTest>{Version}</PackageVersionUnderTest>
                <LibtorchVersion>{versions.Single(e => e.Name == "LibtorchVersion").Value}</LibtorchVersion>
                <HostingVersion>{hosting}</HostingVersion>
              </PropertyGroup>
            </Project>
            """);
    }

    /// <summary>Everything that the tests make; gone after them.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("adalora-package-").FullName;

    /// <summary>Where the packages lie.</summary>
    public string Feed => Path.Combine(Folder, "feed");

    /// <summary>The packages' version.</summary>
    public string Version { get; } = $"0.1.0-t{DateTime.UtcNow.Ticks}";

    private static string Configuration => typeof(PackageFeed).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Configuration").Value!;

    /// <summary>Runs a command of the SDK in the user's world; what fails fails the test.</summary>
    internal string Must(string command, params string[] arguments)
    {
        var (exitCode, output, error) = Dotnet(command, arguments);
        Assert.True(exitCode == 0, $"dotnet {command} {string.Join(' ', arguments)}\n{output}{error}");
        return output;
    }

    /// <summary>Runs a command of the SDK in the user's world.</summary>
    internal (int ExitCode, string Output, string Error) Dotnet(string command, params string[] arguments)
        => Shell.Run("dotnet", [command, .. arguments], ("MSBUILDDISABLENODEREUSE", "1"), ("MSBUILDTERMINALLOGGER", "off"));

    /// <summary>Runs a built program. One built for .NET 8 runs on what this machine has.</summary>
    internal string RunProgram(string project, string framework, params string[] arguments)
    {
        string folder = Path.Combine(Folder, project);
        var (exitCode, output, error) = Shell.RunIn(folder, "dotnet", [Path.Combine(folder, "bin", "Release", framework, Path.GetFileName(project) + ".dll"), .. arguments], ("DOTNET_ROLL_FORWARD", "Major"));
        Assert.True(exitCode == 0, output + error);
        return output;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
