using System.Text.RegularExpressions;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Samples.Tests;

public sealed class BrokenTargetTests
{
    /// <summary>What no peer has: a wrong target is a build error on its own characters, and one error only.</summary>
    [Fact]
    public void A_broken_target_in_a_sample_fails_the_build_on_its_own_characters()
    {
        string folder = RepositoryRoot.Combine("artifacts", $"broken-target-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            foreach (string file in Directory.GetFiles(RepositoryRoot.Combine("samples", "Quickstart"))) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            string model = Path.Combine(folder, "PlantedMlp.cs");
            string text = File.ReadAllText(model).Replace("\"layers.*\"", "\"layesr.*\"");
            File.WriteAllText(model, text);
            string[] lines = text.Split('\n');
            int line = Array.FindIndex(lines, l => l.Contains("layesr"));

            var outcome = Sample.Dotnet(folder, "build", "-c", "Release", "--nologo", "-p:BuildProjectReferences=true");

            Assert.NotEqual(0, outcome.ExitCode);
            var errors = Regex.Matches(outcome.Output, @"(?<file>[\w.]+)\((?<line>\d+),(?<column>\d+)\): error (?<id>\w+): (?<message>[^\r\n\[]+)").Select(m => m.Value).Distinct().ToList();
            string error = Assert.Single(errors);
            Assert.StartsWith($"PlantedMlp.cs({line + 1},{lines[line].IndexOf("layesr", StringComparison.Ordinal) + 1}): error ADALORA003: ", error);
            Assert.Contains("'layers'", error);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
