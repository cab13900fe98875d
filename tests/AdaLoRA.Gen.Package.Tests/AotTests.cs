using AdaLoRA.Gen.Testing;
using Xunit.Abstractions;

// A publish takes every core and some hundred megabytes of temporary files: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>Ahead of time and trimmed: the Quickstart by its own script, which is what a user runs.</summary>
public sealed class AotTests(ITestOutputHelper output)
{
    private static string Script => RepositoryRoot.Combine("samples", "Quickstart", "publish-aot.sh");

    /// <summary>The script installs the toolchain where it is missing; where it cannot, its one sentence is this test's failure.</summary>
    [LinuxFact]
    public void AheadOfTimeAndTrimmedItTrainsToTheLossesOfTheJitBuild()
    {
        var (exitCode, text, error) = Shell.Run("bash", [Script, "--trimmed"]);
        output.WriteLine(text + error);
        Assert.True(exitCode == 0, error + text);
        foreach (string build in (string[])["aot", "trimmed"])
        {
            Assert.Matches($"(?m)^{build}: published in \\d+ s; warnings of TorchSharp's own: \\d+, others: 0$", text);
            Assert.Matches($"(?m)^{build}: \\d+\\.\\d MB beside libtorch, starts in \\d+ ms, first step \\d+\\.\\d+ s after the program's start$", text);
            Assert.Matches($"(?m)^{build} = jit: 3000 losses, bit for bit; AdaLoRA seed 1 error [0-9a-f]{{16}} ", text);
        }
    }

    /// <summary>
    /// Nested, generic, private and file-local module classes, those of another assembly, a saved adapter, a hosted training: TorchSharp finds under NativeAOT what it finds under the JIT, and every
    /// number is the same. The JIT build is the strict one: compiler and analyzers say everything they can, and nothing of a generated file.
    /// </summary>
    [LinuxFact]
    public void EveryFormOfModelIsTheSameAheadOfTimeAndItsGeneratedPartCompilesWithoutAWarning()
    {
        using var folder = new TemporaryFolder();
        string project = RepositoryRoot.Combine("tests", "AdaLoRA.Gen.Package.Tests", "Apps", "Forms", "Forms.csproj");
        string[] shared = [project, "-c", "Release", "-nodeReuse:false", "-p:UseArtifactsOutput=true", $"-p:ArtifactsPath={folder.File("build")}"];
        foreach (string nullable in (string[])["disable", "enable"])
        {
            string said = Succeeds("dotnet", ["build", .. shared, "-p:Strict=true", $"-p:StrictNullable={nullable}"]);
            // That the analyzers ran at all: they have much to say of the hand-written files.
            Assert.Contains("Models.cs(", said, StringComparison.Ordinal);
            Assert.DoesNotContain(".g.cs(", said, StringComparison.Ordinal);
        }
        string jit = Succeeds("dotnet", [folder.File("build/bin/Forms/release/Forms.dll"), Directory.CreateDirectory(folder.File("jit")).FullName]);
        Assert.Contains("loaded agrees: True\nfloat64: True\n", jit, StringComparison.Ordinal);
        Assert.Matches("hosted: exit code 0\nrun/.*adapter_model.safetensors [0-9A-F]{64}\n", jit);
        Assert.Matches("log of again: RunStarted 1 RanksRead [0-9]+ LossRead 2 EvaluationRead 1 RunEnded 1, Finished, last loss [0-9.]+\nlog of Hosted: RunStarted 1 RanksRead [0-9]+ LossRead 4 ", jit);

        string published = Succeeds("dotnet", ["publish", .. shared, "-p:PublishAot=true", "-p:ShowTorchSharpWarnings=true", "-p:CreateHardLinksForPublishFilesIfPossible=true", "-o", folder.File("app")]);
        var warnings = published.Split('\n').Where(line => line.Contains(" warning IL", StringComparison.Ordinal));
        Assert.All(warnings, line => Assert.Matches("warning IL[0-9]{4}: (TorchSharp\\.|Assembly 'TorchSharp')", line));
        Assert.Equal(jit, Succeeds(folder.File("app/Forms"), [Directory.CreateDirectory(folder.File("aot")).FullName]));

        string Succeeds(string program, string[] arguments)
        {
            var (exitCode, text, error) = Shell.Run(program, arguments, ("OMP_WAIT_POLICY", "passive"));
            Assert.True(exitCode == 0, text + error);
            return text;
        }
    }

    [LinuxFact]
    public void WithoutAToolchainOneSentenceNamesTheRemedy()
    {
        using var folder = new TemporaryFolder();
        // A machine with neither compiler nor package manager: a path on which only the named programs are.
        foreach (string program in (string[])["bash", "uname", "dirname", "mktemp", "rm", "dotnet"]) File.CreateSymbolicLink(Path.Combine(folder.Path, program), Locate(program));
        var (exitCode, text, error) = Shell.Run(Locate("bash"), [Script], ("PATH", folder.Path));
        Assert.Equal(1, exitCode);
        Assert.Equal("", text);
        Assert.Equal("publish-aot.sh: NativeAOT needs a linker, and neither apt-get nor dnf is here to install one; install gcc (or clang) and the development files of the C library.\n", error);
    }

    private static string Locate(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, program)).First(File.Exists);
}
