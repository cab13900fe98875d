using AdaLoRA.Gen.Native;

namespace AdaLoRA.Gen.Tests.Native;

public sealed class WeakenedCopyTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("adalora-cache-").FullName;
    private readonly byte[] image = [.. Enumerable.Range(0, 100_003).Select(i => (byte)(i * 31 >> 3))];

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ASecondCallFindsTheFirstOnesFile()
    {
        string path = WeakenedCopy.Store(folder, "x.so", image)!;
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);
        Assert.Equal(path, WeakenedCopy.Store(folder, "x.so", image));
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(path));
        Assert.Equal([path], Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_002)]
    [InlineData(100_004)]
    public void AFileOfAnotherLengthIsWrittenAgain(int length)
    {
        File.WriteAllBytes(Path.Combine(folder, "x.so"), new byte[length]);
        Assert.Equal(image, File.ReadAllBytes(WeakenedCopy.Store(folder, "x.so", image)!));
    }

    [Fact]
    public void AFileWithOneDamagedByteIsWrittenAgain()
    {
        byte[] damaged = [.. image];
        damaged[77_777] ^= 1;
        File.WriteAllBytes(Path.Combine(folder, "x.so"), damaged);
        Assert.Equal(image, File.ReadAllBytes(WeakenedCopy.Store(folder, "x.so", image)!));
    }

    [Fact]
    public void ALinkIsReplacedAndWhatItPointsToStays()
    {
        if (OperatingSystem.IsWindows()) return; // links need rights there
        string victim = Path.Combine(folder, "victim");
        File.WriteAllText(victim, "precious");
        File.CreateSymbolicLink(Path.Combine(folder, "x.so"), victim);
        string path = WeakenedCopy.Store(folder, "x.so", image)!;
        Assert.Equal("precious", File.ReadAllText(victim));
        Assert.Equal(image, File.ReadAllBytes(path));
        Assert.Null(new FileInfo(path).LinkTarget);
    }

    [Fact]
    public void ConcurrentWritersAllGetAWholeFile()
    {
        string deeper = Path.Combine(folder, "new", "cache");
        Parallel.For(0, 32, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ => Assert.Equal(image, File.ReadAllBytes(WeakenedCopy.Store(deeper, "x.so", image)!)));
        Assert.Single(Directory.GetFiles(deeper));
    }

    [Fact]
    public void AFolderThatCannotBeMadeIsNull()
    {
        // A file stands where the folder should be: refused even to root, whom permissions do not stop.
        string file = Path.Combine(folder, "file");
        File.WriteAllText(file, "");
        Assert.Null(WeakenedCopy.Store(Path.Combine(file, "cache"), "x.so", image));
    }

    [Fact]
    public void TheNameFollowsEveryByte()
    {
        string name = WeakenedCopy.NameOf(image, "x.so");
        Assert.EndsWith("-x.so", name, StringComparison.Ordinal);
        foreach (int at in (int[])[0, 50_000, image.Length - 1])
        {
            byte[] other = [.. image];
            other[at] ^= 0x80;
            Assert.NotEqual(name, WeakenedCopy.NameOf(other, "x.so"));
        }
    }
}
