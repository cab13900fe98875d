using System.Buffers.Binary;
using Tensorboard;

namespace AdaLoRA.Gen.Telemetry.Tests;

/// <summary>
/// Reads event files with TensorBoard's own schema: TorchSharp carries the classes that Google's compiler made of its .proto files. The framing and the CRC are written here, after TensorFlow's record_writer.cc and RFC 3720, and share
/// nothing with the writer.
/// </summary>
internal static class EventFileReader
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>All events of a folder's files in the order in which TensorBoard reads them.</summary>
    public static List<Event> ReadFolder(string folder) => [.. Files(folder).SelectMany(f => Read(File.ReadAllBytes(f)).Events)];

    public static IEnumerable<string> Files(string folder) => Directory.GetFiles(folder).Where(f => Path.GetFileName(f).Contains("tfevents", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>Reads until the end or a torn record, as TensorBoard does; a wrong checksum or a message that cannot be read throws.</summary>
    /// <returns>The events, and the bytes of the torn record at the end.</returns>
    public static (List<Event> Events, int Torn) Read(ReadOnlySpan<byte> file)
    {
        var events = new List<Event>();
        while (file.Length >= 12)
        {
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
            Assert.Equal(MaskedCrc(file[..8]), BinaryPrimitives.ReadUInt32LittleEndian(file[8..]));
            if ((ulong)file.Length < 12 + length + 4) break;
            var data = file.Slice(12, (int)length);
            Assert.Equal(MaskedCrc(data), BinaryPrimitives.ReadUInt32LittleEndian(file[(12 + (int)length)..]));
            // From an array: the classes are older than Google's parser of spans.
            events.Add(Event.Parser.ParseFrom(data.ToArray()));
            file = file[(12 + (int)length + 4)..];
        }
        return (events, file.Length);
    }

    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in data) crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32C(data);
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
    }

    // The polynomial of RFC 3720, 12.1, bits reversed.
    private static uint[] MakeTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint c = i;
            for (int k = 0; k < 8; k++) c = (c & 1) != 0 ? (c >> 1) ^ 0x82F63B78 : c >> 1;
            table[i] = c;
        }
        return table;
    }
}
