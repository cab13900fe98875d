using System.Text.RegularExpressions;
using System.Xml.Linq;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>What the packages hold, and what they say about themselves.</summary>
[Collection(PackageWorld.Name)]
public sealed partial class PackageContentTests(PackageFeed feed)
{
    private const string Repository = "https://github.com/adalora-gen/AdaLoRA.Gen";

    private static readonly string[] Frameworks = ["net8.0", "net10.0"];

    // One project below generators/ is one assembly that the compiler or the editor loads.
    private static readonly string[] CompilerAssemblies = [.. Directory.GetDirectories(RepositoryRoot.Combine("generators"), "AdaLoRA.Gen.*").Select(folder => Path.GetFileName(folder))];

    [Theory]
    [InlineData("AdaLoRA.Gen")]
    [InlineData("AdaLoRA.Gen.Hosting")]
    [InlineData("AdaLoRA.Gen.Models")]
    [InlineData("AdaLoRA.Gen.Dashboard")]
    [InlineData("AdaLoRA.Gen.Reports")]
    public void ThereIsWhatIsNeededAndNothingElse(string id)
    {
        using Nupkg package = Open(id, "nupkg"), symbols = Open(id, "snupkg");
        string[] expected = ["LICENSE", "README.md", .. Frameworks.SelectMany(f => new[] { $"lib/{f}/{id}.dll", $"lib/{f}/{id}.xml" }),
            .. id == "AdaLoRA.Gen" ? CompilerAssemblies.Select(a => $"analyzers/dotnet/{(a == "AdaLoRA.Gen.Completion" ? "roslyn5.0/cs" : "cs")}/{a}.dll") : [],
            .. id == "AdaLoRA.Gen.Reports" ? ["Inter-OFL.txt"] : Array.Empty<string>()];
        Assert.True(CompilerAssemblies.Length >= 2);
        Assert.Equal(expected.Order(StringComparer.Ordinal), package.Files.Order(StringComparer.Ordinal));
        Assert.Equal(Frameworks.Select(f => $"lib/{f}/{id}.pdb").Order(StringComparer.Ordinal), symbols.Files.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("AdaLoRA.Gen")]
    [InlineData("AdaLoRA.Gen.Hosting")]
    [InlineData("AdaLoRA.Gen.Models")]
    [InlineData("AdaLoRA.Gen.Dashboard")]
    [InlineData("AdaLoRA.Gen.Reports")]
    public void SymbolsLeadToTheSources(string id)
    {
        using Nupkg package = Open(id, "nupkg"), symbols = Open(id, "snupkg");
        string commit = Commit(package);
        foreach (string framework in Frameworks)
        {
            LeadsToTheSources(commit, Nupkg.Symbols(package.Bytes($"lib/{framework}/{id}.dll"), symbols.Bytes($"lib/{framework}/{id}.pdb")));
        }
        foreach (string assembly in package.Files.Where(f => f.StartsWith("analyzers/", StringComparison.Ordinal)))
        {
            LeadsToTheSources(commit, Nupkg.Symbols(package.Bytes(assembly), symbols: null));
        }
    }

    [Theory]
    [InlineData("AdaLoRA.Gen")]
    [InlineData("AdaLoRA.Gen.Hosting")]
    [InlineData("AdaLoRA.Gen.Models")]
    [InlineData("AdaLoRA.Gen.Tool")]
    [InlineData("AdaLoRA.Gen.Dashboard")]
    [InlineData("AdaLoRA.Gen.Reports")]
    [InlineData("AdaLoRA.Gen.Templates")]
    public void ItSaysWhatItIs(string id)
    {
        using var package = Open(id, "nupkg");
        var metadata = package.Metadata;
        Assert.Equal(id, metadata.Element("id")!.Value);
        // Its font is under another licence, which is in the package.
        Assert.Equal(id == "AdaLoRA.Gen.Reports" ? "MIT AND OFL-1.1" : "MIT", metadata.Element("license")!.Value);
        Assert.Equal(File.ReadAllText(RepositoryRoot.Combine("LICENSE")), package.Text("LICENSE"));
        Assert.Equal("README.md", metadata.Element("readme")!.Value);
        Assert.Equal(Repository, metadata.Element("projectUrl")!.Value);
        Assert.Equal(Repository, metadata.Element("repository")!.Attribute("url")!.Value);
        Assert.Contains("adalora", metadata.Element("tags")!.Value, StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{40}$", Commit(package));
        Assert.True(metadata.Element("description")!.Value.Length > 80);

        // A gallery shows it without the repository around it.
        string readme = package.Text("README.md");
        Assert.StartsWith($"# {id}\n", readme, StringComparison.Ordinal);
        Assert.All(Link().Matches(readme), link => Assert.StartsWith("https://", link.Groups[1].Value, StringComparison.Ordinal));
    }

    [Fact]
    public void WhoTakesHostingOrModelsGetsTheSameVersionOfTheRunTimeWithItsAnalyzers()
    {
        foreach (string id in (string[])["AdaLoRA.Gen.Hosting", "AdaLoRA.Gen.Models"])
        {
            using var package = Open(id, "nupkg");
            XElement[] runTime = [.. package.Metadata.Descendants("dependency").Where(d => d.Attribute("id")!.Value == "AdaLoRA.Gen")];
            Assert.Equal(Frameworks.Length, runTime.Length);
            Assert.All(runTime, d => Assert.Equal($"[{feed.Version}]", d.Attribute("version")!.Value));
            Assert.All(runTime, d => Assert.Equal("All", d.Attribute("include")?.Value));
        }
    }

    [Fact]
    public void WhoTakesTheDashboardGetsTheSameVersionOfHostingAndTheWebFramework()
    {
        using var package = Open("AdaLoRA.Gen.Dashboard", "nupkg");
        XElement[] hosting = [.. package.Metadata.Descendants("dependency").Where(d => d.Attribute("id")!.Value == "AdaLoRA.Gen.Hosting")];
        Assert.Equal(Frameworks.Length, hosting.Length);
        Assert.All(hosting, d => Assert.Equal($"[{feed.Version}]", d.Attribute("version")!.Value));
        Assert.All(hosting, d => Assert.Equal("All", d.Attribute("include")?.Value));
        Assert.Equal(Frameworks.Order(), package.Metadata.Descendants("group").Where(g => g.Elements("frameworkReference").Any(f => f.Attribute("name")!.Value == "Microsoft.AspNetCore.App")).Select(g => g.Attribute("targetFramework")!.Value).Order());
    }

    [Fact]
    public void TheRunTimeNeedsTorchSharpAndOnTheOlderFrameworkTheNewJson()
    {
        using var package = Open("AdaLoRA.Gen", "nupkg");
        var groups = package.Metadata.Descendants("group").ToDictionary(g => g.Attribute("targetFramework")!.Value, g => string.Join(' ', g.Elements("dependency").Select(d => d.Attribute("id")!.Value)));
        Assert.Equal(new Dictionary<string, string> { ["net8.0"] = "System.Text.Json TorchSharp", ["net10.0"] = "TorchSharp" }, groups);
    }

    [Fact]
    public void NothingElseIsPacked()
    {
        // What may leave the repository says so in these three places, and everything else inherits the opposite.
        string[] packable = [.. Directory.GetFiles(RepositoryRoot.Path, "*.*proj", SearchOption.AllDirectories).Concat(Directory.GetFiles(RepositoryRoot.Path, "*.props", SearchOption.AllDirectories))
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && File.ReadAllText(f).Contains("<IsPackable>true", StringComparison.Ordinal))
            .Select(f => Path.GetRelativePath(RepositoryRoot.Path, f).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        Assert.Equal(["samples/Templates/AdaLoRA.Gen.Templates.csproj", "src/Directory.Build.props"], packable);
        Assert.Contains("<IsPackable>false", File.ReadAllText(RepositoryRoot.Combine("Directory.Build.props")), StringComparison.Ordinal);
    }

    private static void LeadsToTheSources(string commit, (string SourceLink, bool Matches) symbols)
    {
        Assert.True(symbols.Matches);
        Assert.EndsWith($"\":\"https://raw.githubusercontent.com/adalora-gen/AdaLoRA.Gen/{commit}/*\"}}}}", symbols.SourceLink, StringComparison.Ordinal);
    }

    private static string Commit(Nupkg package) => package.Metadata.Element("repository")!.Attribute("commit")!.Value;

    private Nupkg Open(string id, string extension) => new(Path.Combine(feed.Feed, $"{id}.{feed.Version}.{extension}"));

    [GeneratedRegex(@"\]\(([^)]*)\)")]
    private static partial Regex Link();
}
