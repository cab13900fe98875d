using System.Runtime.Versioning;
using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Testing;
using TorchSharp;

namespace AdaLoRA.Gen.Tests.Native;

public class NativeBackendTests
{
    [Fact]
    public void TheTestsRunOnTheBundledLibtorch()
    {
        Parallel.For(0, 8, _ => NativeBackend.Initialize());
        var info = NativeBackend.Check();
        Assert.Equal((NativeBackendSource.Bundled, new Version(2, 10, 0)), (info.Source, info.LibtorchVersion));
        Assert.Equal(info, NativeBackend.Check());
        Assert.StartsWith("libtorch 2.10.0, bundled with the application", NativeBackend.Describe(), StringComparison.Ordinal);
        using var ones = torch.ones(3);
        using var sum = ones.sum();
        Assert.Equal(3, sum.item<float>());
    }

    [LinuxFact, SupportedOSPlatform("linux")]
    public void TheCureLoadsFromItsCacheFromATemporaryFileAndFromMemory()
    {
        NativeBackend.Check(); // the copies' dependencies
        string original = Path.Combine(NativeFiles.FolderOf(NativeFiles.Binding)!, NativeFiles.FileName(NativeFiles.Binding));
        string cache = Directory.CreateTempSubdirectory("adalora-cure-").FullName;
        try
        {
            Assert.NotEqual(0, LinuxCure.Load(original, cache, out string from));
            Assert.StartsWith(cache, from, StringComparison.Ordinal);
            Assert.NotEqual(0, LinuxCure.Load(original, cache: null, out from));
            Assert.Equal("a temporary file", from);
            Assert.NotEqual(0, LinuxCure.FromMemory(File.ReadAllBytes(Directory.GetFiles(cache)[0]), out from));
            Assert.Equal("memory", from);
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }

    [LinuxFact, SupportedOSPlatform("linux")]
    public void ADamagedLibraryIsNamedInOneSentence()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "not a library");
            var error = Assert.Throws<BadImageFormatException>(Load);
            Assert.Contains(file, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
        finally
        {
            File.Delete(file);
        }
        void Load() => LinuxCure.Load(file, null, out _);
    }
}
