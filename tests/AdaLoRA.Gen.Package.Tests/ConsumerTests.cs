using System.Globalization;
using System.Text.RegularExpressions;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>A new solution outside the repository that knows the packages only: it builds, trains, and sees its mistakes.</summary>
[Collection(PackageWorld.Name)]
public sealed partial class ConsumerTests(PackageFeed feed, ConsumerSolution solution) : IClassFixture<ConsumerSolution>
{
    private static readonly string[] Frameworks = ["net8.0", "net10.0"];

    [Fact]
    public void OneThatTakesThePackageTrainsTheSameOnBothFrameworks()
    {
        // Warnings are errors there, nothing else is turned on, and on .NET 8 the language is C# 12.
        string[] lines = RunOnBoth("Direct").Split('\n');
        string[] losses = [.. lines.Where(line => line.StartsWith("loss ", StringComparison.Ordinal))];
        Assert.Equal(40, losses.Length);
        Assert.InRange(Loss(losses[^1]), 0, 0.8 * Loss(losses[0]));
        Assert.Equal(6, lines.Single(line => line.StartsWith("ranks ", StringComparison.Ordinal)).Split(' ').Skip(1).Sum(int.Parse));
    }

    [Fact]
    public void OneThatTakesHostingAndModelsAloneGetsTheGeneratorWithThem()
    {
        string trained = RunOnBoth("Transitive").Split('\n')[0];
        Assert.StartsWith("steps 30 loss ", trained, StringComparison.Ordinal);
        Assert.InRange(Loss(trained), 0, 1);
    }

    [Theory]
    [InlineData("Direct", "Net.cs", "layers.*", "layer.*", "'layer.*' matches no adaptable layer of Net")]
    [InlineData("Transitive", "Classifier.cs", "*.intermediate.dense", "*.intermediate.dens", "'*.intermediate.dens' matches no adaptable layer of Classifier")]
    public void AWrongTargetIsAnErrorOnItsCharacters(string project, string file, string target, string wrong, string message)
    {
        var (line, errors) = Break(project, file, target, wrong);
        Assert.Equal(Frameworks.Length, errors.Length);
        foreach (string framework in Frameworks)
        {
            // The one mistake is all that the user sees, not the forty that a missing half of a class would give.
            string error = Assert.Single(errors, e => e.Contains($"TargetFramework={framework}]", StringComparison.Ordinal));
            Assert.Contains($"{file}({line},", error, StringComparison.Ordinal);
            Assert.Contains($"error ADALORA003: {message}", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheReadmeOfThePackageIsTrue()
    {
        feed.RunProgram(Path.Combine(solution.Folder, "Readme"), "net10.0");
        string claimed = Error().Match(solution.Readme).Value;
        Assert.Contains("ADALORA003", claimed, StringComparison.Ordinal);
        var (_, errors) = Break("Readme", "Net.cs", "layers.*", "layer.*");
        Assert.Contains(claimed, Assert.Single(errors), StringComparison.Ordinal);
    }

    /// <summary>Builds the project with one wrong target: the line where that is, and every error.</summary>
    private (int Line, string[] Errors) Break(string project, string file, string target, string wrong)
    {
        string path = Path.Combine(solution.Folder, project, file), text = File.ReadAllText(path);
        int at = text.IndexOf($"\"{target}\"", StringComparison.Ordinal);
        try
        {
            File.WriteAllText(path, text[..(at + 1)] + wrong + text[(at + 1 + target.Length)..]);
            var (exitCode, output, _) = feed.Dotnet("build", Path.Combine(solution.Folder, project), "-c", "Release", "--no-restore");
            Assert.NotEqual(0, exitCode);
            return (text[..at].Count(c => c == '\n') + 1, [.. output.Split('\n').Where(l => l.Contains(": error ", StringComparison.Ordinal)).Select(l => l.Trim()).Distinct()]);
        }
        finally
        {
            File.WriteAllText(path, text);
        }
    }

    private string RunOnBoth(string project)
    {
        string[] outputs = [.. Frameworks.Select(framework => feed.RunProgram(Path.Combine(solution.Folder, project), framework).ReplaceLineEndings("\n"))];
        Assert.EndsWith("built for .NETCoreApp,Version=v8.0\n", outputs[0], StringComparison.Ordinal);
        Assert.EndsWith("built for .NETCoreApp,Version=v10.0\n", outputs[1], StringComparison.Ordinal);
        // The same bits: .NET 8 lacks some of the vector operations, so the package brings its own there.
        Assert.Equal(outputs[1].Replace("v10.0", "v8.0", StringComparison.Ordinal), outputs[0]);
        return outputs[0];
    }

    private static double Loss(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);

    [GeneratedRegex("^Net.cs.*error.*$", RegexOptions.Multiline)]
    private static partial Regex Error();
}
