using System.Buffers.Binary;
using System.IO.Compression;

namespace AdaLoRA.Gen.Hosting;

/// <summary>A picture of 8-bit red, green, blue, alpha that can be written as PNG (W3C PNG, third edition): one IDAT chunk, no filter.</summary>
internal sealed class PngImage(int width, int height)
{
    private static readonly uint[] CrcTable = MakeCrcTable();

    // Each row begins with the type of its filter, which is 0.
    private readonly byte[] _rows = new byte[height * (1 + width * 4)];

    public int Width => width;

    public int Height => height;

    /// <summary>Fills a rectangle; what is never filled stays transparent.</summary>
    public void Fill(int x, int y, int w, int h, (byte R, byte G, byte B) colour)
    {
        for (int row = y; row < y + h; row++)
        {
            for (int column = x; column < x + w; column++)
            {
                int at = row * (1 + width * 4) + 1 + column * 4;
                (_rows[at], _rows[at + 1], _rows[at + 2], _rows[at + 3]) = (colour.R, colour.G, colour.B, 255);
            }
        }
    }

    /// <summary>The file.</summary>
    public byte[] Encode()
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 6); // bits a channel; truecolour with alpha
        Chunk(file, "IHDR"u8, header);
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(_rows);
        Chunk(file, "IDAT"u8, compressed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(~0u, type), data));
        file.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> data)
    {
        foreach (byte b in data) crc = CrcTable[(crc ^ b) & 0xFF] ^ (crc >> 8);
        return crc;
    }

    private static uint[] MakeCrcTable()
    {
        uint[] table = new uint[256];
        for (uint n = 0; n < table.Length; n++)
        {
            uint c = n;
            for (int bit = 0; bit < 8; bit++) c = (c & 1) == 0 ? c >> 1 : 0xEDB88320u ^ (c >> 1);
            table[n] = c;
        }
        return table;
    }
}
