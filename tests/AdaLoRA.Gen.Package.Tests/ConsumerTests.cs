using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>A new solution outside the repository that knows the packages only: it builds, trains, and sees its mistakes.</summary>
[Collection(PackageWorld.Name)]
public sealed class ConsumerTests(PackageFeed feed, ConsumerTests.Solution solution) : IClassFixture<ConsumerTests.Solution>
{
    private static readonly string[] Frameworks = ["net8.0", "net10.0"];

    [Fact]
    public void OneThatTakesThePackageTrainsTheSameOnBothFrameworks()
    {
        // Warnings are errors there, nothing else is turned on, and on .NET 8 the language is C# 12.
        string[] outputs = Run("Direct");
        string[] losses = [.. outputs[0].Split('\n').Where(line => line.StartsWith("loss ", StringComparison.Ordinal))];
        Assert.Equal(40, losses.Length);
        Assert.True(Loss(losses[^1]) < 0.8 * Loss(losses[0]), outputs[0]);
        Assert.Equal(6, outputs[0].Split('\n').Single(line => line.StartsWith("ranks ", StringComparison.Ordinal)).Split(' ').Skip(1).Sum(int.Parse));
    }

    [Fact]
    public void OneThatTakesHostingAndModelsAloneGetsTheGeneratorWithThem()
    {
        string[] outputs = Run("Transitive");
        string trained = outputs[0].Split('\n')[0];
        Assert.StartsWith("steps 30 loss ", trained, StringComparison.Ordinal);
        Assert.InRange(Loss(trained), 0, 1);
    }

    [Theory]
    [InlineData("Direct", "Net.cs", "layers.*", "layer.*", "'layer.*' matches no adaptable layer of Net")]
    [InlineData("Transitive", "Classifier.cs", "*.intermediate.dense", "*.intermediate.dens", "'*.intermediate.dens' matches no adaptable layer of Classifier")]
    public void AWrongTargetIsAnErrorOnItsCharacters(string project, string file, string target, string wrong, string message)
    {
        string path = Path.Combine(solution.Folder, project, file), text = File.ReadAllText(path);
        try
        {
            File.WriteAllText(path, text.Replace($"\"{target}\"", $"\"{wrong}\"", StringComparison.Ordinal));
            var (exitCode, output, _) = feed.Dotnet("build", Path.Combine(solution.Folder, project), "-c", "Release", "--no-restore");
            Assert.NotEqual(0, exitCode);

            int at = text.IndexOf($"\"{target}\"", StringComparison.Ordinal), line = text[..at].Count(c => c == '\n') + 1;
            string[] errors = [.. output.Split('\n').Where(l => l.Contains(": error ", StringComparison.Ordinal)).Distinct()];
            foreach (string framework in Frameworks)
            {
                // The one mistake is all that the user sees, not the forty that a missing half of a class would give.
                string error = Assert.Single(errors, e => e.Contains($"TargetFramework={framework}]", StringComparison.Ordinal));
                Assert.Contains($"{file}({line},", error, StringComparison.Ordinal);
                Assert.Contains($"error ADALORA003: {message}", error, StringComparison.Ordinal);
            }
        }
        finally
        {
            File.WriteAllText(path, text);
        }
    }

    private string[] Run(string project)
    {
        string[] outputs = [.. Frameworks.Select(framework => feed.RunProgram(Path.Combine(solution.Folder, project), framework).ReplaceLineEndings("\n"))];
        Assert.EndsWith("built for .NETCoreApp,Version=v8.0\n", outputs[0], StringComparison.Ordinal);
        Assert.EndsWith("built for .NETCoreApp,Version=v10.0\n", outputs[1], StringComparison.Ordinal);
        // The same bits: .NET 8 lacks some of the vector operations, so the package brings its own there.
        Assert.Equal(outputs[1].Replace("v10.0", "v8.0", StringComparison.Ordinal), outputs[0]);
        return outputs;
    }

    private static double Loss(string line) => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The consumers' solution, built once.</summary>
    public sealed class Solution
    {
        public Solution(PackageFeed feed)
        {
            Folder = Path.Combine(feed.Folder, "consumer");
            foreach (string source in Directory.GetFiles(RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Package.Tests", "Consumers"), "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(Folder, Path.GetRelativePath(RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Package.Tests", "Consumers"), source));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(source, target);
            }
            feed.Must("build", Path.Combine(Folder, "Consumer.slnx"), "-c", "Release");
        }

        public string Folder { get; }
    }
}
