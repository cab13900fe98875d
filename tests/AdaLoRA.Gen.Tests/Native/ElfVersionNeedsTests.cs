using AdaLoRA.Gen.Native;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Tests.Native;

public class ElfVersionNeedsTests
{
    private const string Newest = "GLIBCXX_3.4.32";

    [Fact]
    public void OnlyTheNamedVersionIsMarked()
    {
        byte[] image = TinyElf.With("GLIBCXX_3.4.3", Newest, "GLIBCXX_3.4.320"), before = [.. image];
        Assert.Equal(1, ElfVersionNeeds.Weaken(image, Newest));
        Assert.Equal(new ushort[] { 0, 2, 0 }, Enumerable.Range(0, 3).Select(i => TinyElf.FlagsOf(image, i)));
        Assert.Single(Enumerable.Range(0, image.Length), i => image[i] != before[i]);
    }

    [Fact]
    public void OtherFlagsStay()
    {
        byte[] image = TinyElf.With(Newest);
        TinyElf.Write16(image, TinyElf.EntryOffset(0) + 4, 5);
        ElfVersionNeeds.Weaken(image, Newest);
        Assert.Equal(7, TinyElf.FlagsOf(image, 0));
    }

    [Fact]
    public void AnImageThatDoesNotNeedTheVersionStaysAsItIs()
    {
        byte[] image = TinyElf.With("GLIBCXX_3.4.30"), before = [.. image];
        Assert.Equal(0, ElfVersionNeeds.Weaken(image, Newest));
        Assert.Equal(before, image);
    }

    [LinuxFact]
    public void TheLibraryOfTorchSharpHasOneSuchNeed()
    {
        string original = Path.Combine(NativeFiles.FolderOf(NativeFiles.Binding)!, NativeFiles.FileName(NativeFiles.Binding));
        byte[] image = File.ReadAllBytes(original), before = [.. image];
        Assert.Equal(1, ElfVersionNeeds.Weaken(image, Newest));
        Assert.Single(Enumerable.Range(0, image.Length), i => image[i] != before[i]);
        Assert.Equal(before, File.ReadAllBytes(original));
    }

    [Fact]
    public void EveryTruncationIsASentenceOrHarmless()
    {
        byte[] whole = TinyElf.With("GLIBCXX_3.4.30", Newest);
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] image = whole[..length];
            var error = Assert.Throws<BadImageFormatException>(() => ElfVersionNeeds.Weaken(image, Newest));
            Assert.NotEmpty(error.Message);
        }
    }

    [Fact]
    public void EveryOverwrittenWordIsASentenceOrHarmless()
    {
        byte[] whole = TinyElf.With("GLIBCXX_3.4.30", Newest);
        foreach (int value in (int[])[0, 1, -1, int.MaxValue, int.MinValue, 16])
        {
            for (int at = 0; at <= whole.Length - 4; at++)
            {
                byte[] image = [.. whole];
                TinyElf.Write32(image, at, value);
                var error = Record.Exception(() => ElfVersionNeeds.Weaken(image, Newest));
                Assert.True(error is null or BadImageFormatException, $"{value} at {at}: {error}");
            }
        }
    }

    [Fact]
    public void AChainThatRunsInACircleEnds()
    {
        byte[] image = TinyElf.With("GLIBCXX_3.4.30", Newest);
        TinyElf.Write16(image, TinyElf.NeedOffset + 2, ushort.MaxValue);
        TinyElf.Write32(image, TinyElf.EntryOffset(1) + 12, 0);
        Assert.Contains("more entries", Assert.Throws<BadImageFormatException>(() => ElfVersionNeeds.Weaken(image, Newest)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "magic")]
    [InlineData(4, "64-bit")]
    [InlineData(5, "little-endian")]
    public void AnotherKindOfFileIsNamed(int at, string words)
    {
        byte[] image = TinyElf.With(Newest);
        image[at] = 9;
        Assert.Contains(words, Assert.Throws<BadImageFormatException>(() => ElfVersionNeeds.Weaken(image, Newest)).Message, StringComparison.Ordinal);
    }
}
