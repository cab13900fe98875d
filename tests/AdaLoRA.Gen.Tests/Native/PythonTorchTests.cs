using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tests.Native;

public sealed class PythonTorchTests : IDisposable
{
    private readonly string sitePackages = Directory.CreateTempSubdirectory("adalora-site-").FullName;

    public void Dispose() => Directory.Delete(sitePackages, recursive: true);

    [Theory]
    [InlineData("__version__ = '2.10.0+cpu'\ndebug = False\n", "2.10.0+cpu")]
    [InlineData("from typing import Optional\n\n__all__ = ['__version__', 'debug']\n__version__ = \"2.11.0\"\r\n", "2.11.0")]
    [InlineData("__version__: str = '2.13.0a0+git1234'", "2.13.0a0+git1234")]
    public void TheVersionIsRead(string text, string expected)
    {
        Assert.True(PythonTorch.TryReadVersion(text, out string? version));
        Assert.Equal(expected, version);
    }

    [Theory]
    [InlineData("")]
    [InlineData("__all__ = ['__version__']")]
    [InlineData("__version__ = _compute()")]
    [InlineData("__version__ = '2.10")]
    [InlineData("__version__ = ''")]
    public void ATextWithoutAVersionIsRefused(string text) => Assert.False(PythonTorch.TryReadVersion(text, out _));

    [Theory]
    [InlineData("2.10.0+cpu", true)]
    [InlineData("2.10", true)]
    [InlineData("2.11.1+cu128", true)]
    [InlineData("2.9.1", false)]
    [InlineData("2.1.0", false)]
    [InlineData("2.12.0", false)]
    [InlineData("2.13.0", false)]
    [InlineData("2.100.0", false)]
    [InlineData("3.10.0", false)]
    [InlineData("2", false)]
    [InlineData("2.x", false)]
    public void OnlyTwoMinorVersionsAreAccepted(string version, bool accepted) => Assert.Equal(accepted, PythonTorch.IsAccepted(version));

    [Theory]
    [InlineData("")]
    [InlineData("torch")]
    [InlineData("torch/lib")]
    [InlineData("torch/lib/")]
    public void TheThreeFoldersOfAnInstallAreAllUnderstood(string folder)
    {
        Install("__version__ = '2.10.0+cpu'");
        var found = PythonTorch.At(Path.Combine(sitePackages, folder));
        Assert.Equal(new PythonTorch(Path.Combine(sitePackages, "torch", "lib"), "2.10.0+cpu"), found);
    }

    [Fact]
    public void AnotherVersionIsNamedTogetherWithTheAcceptedOnes()
    {
        Install("__version__ = '2.13.0+cu130'");
        Refused("2.13.0+cu130", "2.10 or 2.11");
    }

    [Fact]
    public void AnInstallWithoutAVersionIsRefused()
    {
        Install(null);
        Refused("version.py", "cannot be read");
        Install("nothing");
        Refused("version.py", "holds no __version__");
    }

    [Fact]
    public void AFolderWithoutLibtorchIsRefused() => Refused(NativeFiles.FileName("torch_cpu"), "site-packages");

    private void Refused(params string[] words)
    {
        var error = Assert.Throws<DllNotFoundException>(() => PythonTorch.At(sitePackages));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Install(string? versionFile)
    {
        string package = Path.Combine(sitePackages, "torch");
        Directory.CreateDirectory(Path.Combine(package, "lib"));
        File.WriteAllText(Path.Combine(package, "lib", NativeFiles.FileName(NativeFiles.TorchCpu)), "");
        if (versionFile is not null) File.WriteAllText(Path.Combine(package, "version.py"), versionFile);
    }
}
