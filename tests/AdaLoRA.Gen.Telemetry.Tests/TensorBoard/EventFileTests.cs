using System.Text;
using AdaLoRA.Gen.Hosting;
using AdaLoRA.Gen.Testing;

namespace AdaLoRA.Gen.Telemetry.Tests;

public class EventFileTests
{
    /// <summary>RFC 3720, B.4: 32 bytes of zeros, of ones, ascending, descending, and a read command.</summary>
    public static TheoryData<string, uint> PublishedVectors => new()
    {
        { new string('0', 64), 0x8a9136aa },
        { new string('f', 64), 0x62a8ab43 },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(i => (byte)i)]), 0x46dd794e },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))]), 0x113fdb5c },
        { "01c00000" + "00000000" + "00000000" + "00000000" + "14000000" + "00000400" + "00000014" + "00000018" + "28000000" + "00000000" + "02000000" + "00000000", 0xd9963a56 },
        { Convert.ToHexString(Encoding.ASCII.GetBytes("123456789")), 0xe3069283 },
    };

    [Theory]
    [MemberData(nameof(PublishedVectors))]
    public void The_readers_and_the_writers_checksums_are_the_published_ones(string hex, uint expected)
    {
        byte[] data = Convert.FromHexString(hex);
        Assert.Equal(expected, EventFileReader.Crc32C(data));
        uint masked = EventFile.MaskedCrc32C(data) - 0xa282ead8;
        Assert.Equal(expected, (masked << 15) | (masked >> 17));
    }

    [Fact]
    public void Files_are_read_in_the_order_in_which_they_were_begun_even_when_the_clock_goes_back()
    {
        var time = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);
        string first = EventFile.Name(time, 9, previous: null);
        Assert.Equal("events.out.tfevents.1800000000.9.adalora", first);
        string second = EventFile.Name(time, 10, first), third = EventFile.Name(time.AddHours(-1), 5, second);
        Assert.Equal([first, second, third], new[] { third, second, first }.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Environment.MachineName, first, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_cut_off_anywhere_is_readable_up_to_the_last_whole_record()
    {
        using var folder = new TemporaryFolder();
        await Training.RunWithTensorBoard(Training.Options(folder.Path));
        byte[] whole = await File.ReadAllBytesAsync(Assert.Single(EventFileReader.Files(Training.OnlyFolder(folder.Path))));
        var (all, torn) = EventFileReader.Read(whole);
        Assert.Equal(0, torn);
        var lengths = new SortedSet<int>();
        for (int length = 0; length < whole.Length; length++)
        {
            var (events, rest) = EventFileReader.Read(whole.AsSpan(0, length));
            Assert.True(rest < length || events.Count == 0);
            lengths.Add(events.Count);
        }
        Assert.Equal(Enumerable.Range(0, all.Count), lengths);
    }

    [Fact]
    public async Task A_damaged_byte_is_found()
    {
        using var folder = new TemporaryFolder();
        await Training.RunWithTensorBoard(Training.Options(folder.Path));
        byte[] whole = await File.ReadAllBytesAsync(Assert.Single(EventFileReader.Files(Training.OnlyFolder(folder.Path))));
        for (int at = 0; at < whole.Length; at += 97)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 0x10;
            Assert.ThrowsAny<Exception>(() => EventFileReader.Read(damaged));
        }
    }
}
