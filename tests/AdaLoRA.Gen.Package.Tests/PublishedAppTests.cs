using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Package.Tests;

/// <summary>What a user's application does after it was published. One class, so that one publisher serves all and only one publish runs at a time.</summary>
public sealed class PublishedAppTests(Publisher publisher) : IClassFixture<Publisher>
{
    private static readonly string[] Portable = [], WithoutTorch = ["-p:TorchBackend=none"];

    private static readonly string[] SingleFile = ["-r", "linux-x64", "--self-contained", "false", "-p:PublishSingleFile=true"];

    private static readonly string[] Extracting = [.. WithoutTorch, .. SingleFile, "-p:IncludeNativeLibrariesForSelfExtract=true"];

    [LinuxFact]
    public void PortableRunsAndHoldsRealFiles()
    {
        string folder = publisher.Publish(Portable), natives = Path.Combine(folder, "runtimes", "linux-x64", "native");
        Works(Publisher.Run(folder), "bundled with the application");
        Assert.All(Directory.GetFiles(folder, "*", SearchOption.AllDirectories), file => Assert.Null(new FileInfo(file).LinkTarget));
        Assert.True(new FileInfo(Path.Combine(natives, "libtorch_cpu.so")).Length > 100_000_000);
        Assert.DoesNotContain(Directory.GetFiles(natives), file => file.Contains("python", StringComparison.Ordinal) || file.Contains("test", StringComparison.Ordinal));
    }

    [LinuxFact]
    public void IdleThreadsSleepUnlessTheUserSaysOtherwise()
    {
        string folder = publisher.Publish(Portable);
        Assert.Contains("OMP_WAIT_POLICY = passive\n", Publisher.Run(folder).Output, StringComparison.Ordinal);
        Assert.Contains("OMP_WAIT_POLICY = active\n", Publisher.Run(folder, ("OMP_WAIT_POLICY", "active")).Output, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void TheCureNeedsNeitherAHomeNorAWritableTemporaryFolder()
    {
        string folder = publisher.Publish(Portable);
        // Neither path can be made a folder, not even by root.
        var result = Publisher.Run(folder, ("XDG_CACHE_HOME", "/dev/null"), ("TMPDIR", "/dev/null/tmp"), ("HOME", null));
        Works(result, "bundled with the application");
        if (Publisher.Run(folder).Output.Contains("weakened", StringComparison.Ordinal)) Assert.Contains("(memory)", result.Output, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void SingleFileRunsWithItsNativesBesideIt()
    {
        string folder = publisher.Publish(SingleFile);
        Assert.True(File.Exists(Path.Combine(folder, "libtorch_cpu.so")));
        Assert.False(File.Exists(Path.Combine(folder, "TorchSharp.dll")));
        Works(Publisher.Run(folder), "bundled with the application");
    }

    [LinuxFact]
    public void WithoutLibtorchOneSentenceNamesThePackage()
    {
        var (exitCode, output, error) = Publisher.Run(publisher.Publish(WithoutTorch));
        Assert.NotEqual(0, exitCode);
        Assert.Contains("libtorch is missing: add the NuGet package TorchSharp-cpu to the application's project (or libtorch-cpu-linux-x64,", error, StringComparison.Ordinal);
        Assert.DoesNotContain("LoadNativeBackend", output + error, StringComparison.Ordinal);
    }

    [LinuxFact]
    public void APythonInstallServes()
    {
        string install = FakePython("2.10.0+cpu");
        foreach (string place in (string[])["", "torch", "torch/lib"])
        {
            Works(Publisher.Run(publisher.Publish(WithoutTorch), ("ADALORA_TORCH", Path.Combine(install, place))), "from a Python install");
        }
    }

    [LinuxFact]
    public void ASingleFileThatExtractsItsNativesFindsThePythonInstall()
    {
        string folder = publisher.Publish(Extracting);
        Assert.Empty(Directory.GetFiles(folder, "*.so"));
        Works(Publisher.Run(folder, ("ADALORA_TORCH", FakePython("2.11.0+cu128"))), "from a Python install");
    }

    [LinuxFact]
    public void AnotherVersionOfPythonsTorchIsRefused()
        => Refused(Publisher.Run(publisher.Publish(WithoutTorch), ("ADALORA_TORCH", FakePython("2.13.0+cpu"))), "holds torch 2.13.0+cpu, but TorchSharp 0.107 runs on torch 2.10 or 2.11 only.");

    [LinuxFact]
    public void TwoLibtorchsAreRefused()
        => Refused(Publisher.Run(publisher.Publish(Portable), ("ADALORA_TORCH", FakePython("2.10.0+cpu"))), "ADALORA_TORCH is set, but the application has its own libtorch in");

    [Fact]
    public void AnUnknownBackendIsABuildError()
    {
        var (exitCode, output, _) = publisher.Dotnet("restore", "-p:TorchBackend=rocm");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("TorchBackend is 'rocm', but only cpu, cuda and none exist.", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cpu", "win-x64", "libtorch-cpu-win-x64")]
    [InlineData("cpu", "win-arm64", "libtorch-cpu-win-arm64")]
    [InlineData("cpu", "osx-arm64", "libtorch-cpu-osx-arm64")]
    [InlineData("cuda", "linux-x64", "TorchSharp-cuda-linux")]
    [InlineData("cuda", "win-x64", "TorchSharp-cuda-windows")]
    public void ThePackageFollowsBackendAndPlatform(string backend, string platform, string package)
    {
        // Asks MSBuild only (that the CPU package of this platform and none at all are right, the published applications show): other platforms' packages are hundreds of megabytes.
        var (exitCode, output, error) = Shell.Run("dotnet", ["msbuild", Publisher.Project, "-getItem:PackageReference", $"-p:TorchBackend={backend}", $"-p:RuntimeIdentifier={platform}"]);
        Assert.True(exitCode == 0, output + error);
        using var items = System.Text.Json.JsonDocument.Parse(output);
        var torch = items.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray().Select(i => i.GetProperty("Identity").GetString()!).Where(id => id.Contains("torch", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(package, string.Join(' ', torch));
    }

    private static void Works((int ExitCode, string Output, string Error) result, string source)
    {
        Assert.True(result.ExitCode == 0, result.Output + result.Error);
        Assert.StartsWith($"libtorch 2.10.0, {source}", result.Output, StringComparison.Ordinal);
        Assert.Contains("sum = 36\n", result.Output, StringComparison.Ordinal);
    }

    private static void Refused((int ExitCode, string Output, string Error) result, string sentence)
    {
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("LoadNativeBackend", result.Output + result.Error, StringComparison.Ordinal);
    }

    /// <summary>A site-packages folder whose torch says it has this version; its libraries are links to the published ones.</summary>
    private string FakePython(string version)
    {
        string sitePackages = publisher.NewFolder(), lib = Directory.CreateDirectory(Path.Combine(sitePackages, "torch", "lib")).FullName;
        File.WriteAllText(Path.Combine(sitePackages, "torch", "version.py"), $"__all__ = ['__version__', 'debug']\n__version__ = '{version}'\ndebug = False\n");
        foreach (string file in Directory.GetFiles(Path.Combine(publisher.Publish(Portable), "runtimes", "linux-x64", "native")))
        {
            if (!file.EndsWith("LibTorchSharp.so", StringComparison.Ordinal)) File.CreateSymbolicLink(Path.Combine(lib, Path.GetFileName(file)), file);
        }
        return sitePackages;
    }
}
