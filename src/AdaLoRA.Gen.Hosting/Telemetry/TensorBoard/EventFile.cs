using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// A file of TFRecords, the framing of TensorBoard's event files: length (uint64), its masked CRC-32C, the data, their masked CRC-32C, little-endian. Each record is handed to the system as a whole, so a killed process loses none and
/// tears one at most; readers stop before a torn one and go on with the next file.
/// </summary>
/// <param name="file">Empty; stays the caller's.</param>
internal sealed class EventFile(SafeFileHandle file)
{
    private const string Prefix = "events.out.tfevents.", Suffix = ".adalora";
    private const int Header = sizeof(ulong) + sizeof(uint);

    private byte[] _record = new byte[1024];
    private long _length;

    /// <summary>
    /// The name of a file that is begun now. Readers take a folder's files in the order of their names, so it comes after <paramref name="previous"/> even when the clock does not. TensorFlow's names also hold the host's; readers ask
    /// for "tfevents" alone, and a log that is passed on need not tell whose machine made it.
    /// </summary>
    /// <param name="time">Of its first event.</param>
    /// <param name="processId">The writer's.</param>
    /// <param name="previous">Name of the file before; null for the first.</param>
    public static string Name(DateTimeOffset time, int processId, string? previous)
    {
        long seconds = Math.Max(time.ToUnixTimeSeconds(), Seconds(previous) + 1);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{seconds:D10}.{processId}{Suffix}");
    }

    /// <summary>Name of the last file in a folder; null when there is none.</summary>
    public static string? Newest(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, Prefix + "*").Select(Path.GetFileName).Max(StringComparer.Ordinal) : null;

    /// <summary>Appends one record.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        int size = Header + data.Length + sizeof(uint);
        if (_record.Length < size) Array.Resize(ref _record, Math.Max(size, _record.Length * 2));
        var record = _record.AsSpan(0, size);
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record[sizeof(ulong)..], MaskedCrc32C(record[..sizeof(ulong)]));
        data.CopyTo(record[Header..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[(Header + data.Length)..], MaskedCrc32C(data));
        RandomAccess.Write(file, record, _length);
        _length += size;
    }

    /// <summary>CRC-32C (RFC 3720, B.4), masked as TensorFlow does it: a checksum of data that hold checksums is weak.</summary>
    internal static uint MaskedCrc32C(ReadOnlySpan<byte> data)
    {
        uint crc = ~0u;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte b in data) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8u;
    }

    private static long Seconds(string? name) =>
        name is not null && long.TryParse(name[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) ? seconds : -1;
}
