using System.Globalization;
using System.Text.Json;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>What <c>dotnet new</c> makes of the pack: programs that build without a warning, train, and are named as the user wants.</summary>
[Collection(PackageWorld.Name)]
public sealed class TemplateTests(PackageFeed feed, TemplateTests.Hive hive) : IClassFixture<TemplateTests.Hive>
{
    [Theory]
    [InlineData("my-loop.2", "net10.0")]      // a name that is no namespace
    [InlineData("OldLoop", "net8.0")]
    public void TheConsoleProgramLearnsAndItsAdapterLoads(string name, string framework)
    {
        string project = New("adalora-console", name, "--framework", framework);
        Build(project);
        string output = feed.RunProgram(project, framework);
        double before = Error(output, "before"), after = Error(output, "after");
        Assert.InRange(after, 0, 0.1 * before);
        Assert.Equal(after, Error(output, "loaded"));
        Assert.True(File.Exists(Path.Combine(project, "out", "adapter_config.json")), output);
        feed.RunProgram(project, framework);  // again, over what the first run left
    }

    [Theory]
    [InlineData("my-host.2", "net10.0")]
    [InlineData("OldHost", "net8.0")]
    public void TheHostedProgramLearnsAndTakesOptions(string name, string framework)
    {
        string project = New("adalora-host", name, "--framework", framework);
        Build(project);
        feed.RunProgram(project, framework, "--steps", "300", "--output-folder", "run");
        using var metrics = JsonDocument.Parse(File.ReadAllText(Path.Combine(project, "run", "metrics.json")));
        Assert.InRange(metrics.RootElement.GetProperty("final").GetProperty("value").GetDouble(), 0.9, 1);

        string program = Path.Combine(project, "bin", "Release", framework, $"{name}.dll");
        var (exitCode, _, error) = Shell.RunIn(project, "dotnet", [program, "--stepz", "300"], ("DOTNET_ROLL_FORWARD", "Major"));
        Assert.Equal(2, exitCode);
        Assert.Contains("did you mean '--steps'", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("adalora-console", "cuda", "linux-x64", "AdaLoRA.Gen TorchSharp-cuda-linux")]
    [InlineData("adalora-host", "none", "linux-x64", "AdaLoRA.Gen.Hosting Microsoft.Extensions.Hosting")]
    [InlineData("adalora-host", "cpu", "win-x64", "AdaLoRA.Gen.Hosting Microsoft.Extensions.Hosting libtorch-cpu-win-x64")]
    public void ThePackagesFollowTheChoice(string template, string torch, string platform, string packages)
    {
        string project = New(template, $"Choice{torch}", "--torch", torch);
        string output = feed.Must("msbuild", project, "-getItem:PackageReference", $"-p:RuntimeIdentifier={platform}");
        using var items = JsonDocument.Parse(output);
        var references = items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().ToArray();
        Assert.Equal(OperatingSystem.IsWindows() ? packages.Replace("-linux", "-windows", StringComparison.Ordinal) : packages, string.Join(' ', references.Select(r => r.GetProperty("Identity").GetString())));
        Assert.All(references, r => Assert.Matches("^[0-9]+[.][0-9]+[.][0-9]+", r.GetProperty("Version").GetString()));
    }

    private string New(string template, string name, params string[] options)
    {
        string folder = Path.Combine(feed.Folder, "templates", name);
        feed.Must("new", [template, "-o", folder, "--debug:custom-hive", hive.Folder, .. options]);
        Assert.All(Directory.GetFiles(folder), file => Assert.DoesNotContain("_1;", File.ReadAllText(file), StringComparison.Ordinal));
        return folder;
    }

    private void Build(string project) => feed.Must("build", project, "-c", "Release", "-p:TreatWarningsAsErrors=true");

    private static double Error(string output, string when)
    {
        string line = output.Split('\n').Single(l => l.StartsWith($"error {when} ", StringComparison.Ordinal));
        return double.Parse(line.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);
    }

    /// <summary>A place of its own for installed templates, so that the machine's stay as they are.</summary>
    public sealed class Hive
    {
        public Hive(PackageFeed feed)
        {
            Folder = Path.Combine(feed.Folder, "hive");
            feed.Must("new", "install", Path.Combine(feed.Feed, $"AdaLoRA.Gen.Templates.{feed.Version}.nupkg"), "--debug:custom-hive", Folder);
        }

        public string Folder { get; }
    }
}
