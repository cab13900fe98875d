using System.Buffers.Binary;
using System.Text;

namespace AdaLoRA.Gen.Native;

/// <summary>The version needs of a 64-bit little-endian ELF image (section <c>.gnu.version_r</c>; Linux Standard Base, "Symbol Versioning").</summary>
internal static class ElfVersionNeeds
{
    private const int HeaderSize = 64, SectionSize = 64, NeedSize = 16, EntrySize = 16;
    private const uint SectionTypeVersionNeed = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Sets the weak flag on every need for <paramref name="version"/>.</summary>
    /// <returns>How many needs were marked.</returns>
    /// <exception cref="BadImageFormatException">The image is not what this reader understands; the message says why. The image may be half marked: throw it away.</exception>
    public static int Weaken(Span<byte> image, string version)
    {
        var header = At(image, 0, HeaderSize, "the ELF header");
        if (!header.StartsWith("\u007fELF"u8)) throw Malformed("it does not start with the ELF magic number");
        if (header[4] != 2 || header[5] != 1) throw Malformed("it is not a 64-bit little-endian image");
        ulong sections = BinaryPrimitives.ReadUInt64LittleEndian(header[0x28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header[0x3A..]), count = BinaryPrimitives.ReadUInt16LittleEndian(header[0x3C..]);
        if (count == 0) throw Malformed("it has no section table");
        if (size != SectionSize) throw Malformed($"its section headers have {size} bytes instead of {SectionSize}");

        byte[] name = Encoding.ASCII.GetBytes(version);
        int marked = 0;
        for (int i = 0; i < count; i++)
        {
            var section = Section(image, sections, i);
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SectionTypeVersionNeed) continue;
            uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[0x28..]);
            if (link >= count) throw Malformed($"its version needs refer to section {link} of {count}");
            marked += WeakenSection(image, section, Section(image, sections, (int)link), name);
        }
        return marked;
    }

    private static int WeakenSection(Span<byte> image, ReadOnlySpan<byte> section, ReadOnlySpan<byte> strings, ReadOnlySpan<byte> version)
    {
        ulong need = BinaryPrimitives.ReadUInt64LittleEndian(section[0x18..]);
        // Every entry takes 16 bytes of the section: a chain that visits more of them runs in a circle.
        ulong budget = BinaryPrimitives.ReadUInt64LittleEndian(section[0x20..]) / EntrySize;
        int marked = 0;
        while (true)
        {
            var record = At(image, need, NeedSize, "a version need");
            int entries = BinaryPrimitives.ReadUInt16LittleEndian(record[2..]);
            uint next = BinaryPrimitives.ReadUInt32LittleEndian(record[12..]);
            ulong entry = need + BinaryPrimitives.ReadUInt32LittleEndian(record[8..]);
            Spend(ref budget);
            for (int k = 0; k < entries; k++)
            {
                Spend(ref budget);
                var item = At(image, entry, EntrySize, "an entry of a version need");
                if (NameAt(image, strings, BinaryPrimitives.ReadUInt32LittleEndian(item[8..])).SequenceEqual(version))
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(item[4..], (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(item[4..]) | WeakFlag));
                    marked++;
                }
                entry += BinaryPrimitives.ReadUInt32LittleEndian(item[12..]);
            }
            if (next == 0) return marked;
            need += next;
        }
    }

    private static ReadOnlySpan<byte> NameAt(Span<byte> image, ReadOnlySpan<byte> strings, uint offset)
    {
        ulong start = BinaryPrimitives.ReadUInt64LittleEndian(strings[0x18..]), length = BinaryPrimitives.ReadUInt64LittleEndian(strings[0x20..]);
        if (offset >= length) throw Malformed("the name of a version lies outside its string table");
        ReadOnlySpan<byte> table = At(image, start, length, "the string table of the versions");
        var tail = table[(int)offset..];
        int end = tail.IndexOf((byte)0);
        return end >= 0 ? tail[..end] : throw Malformed("the name of a version has no end");
    }

    private static Span<byte> Section(Span<byte> image, ulong sections, int index)
        => At(image, sections + (ulong)index * SectionSize, SectionSize, "a section header");

    private static Span<byte> At(Span<byte> image, ulong offset, ulong length, string what)
        => offset <= (ulong)image.Length && length <= (ulong)image.Length - offset
            ? image.Slice((int)offset, (int)length)
            : throw Malformed($"{what} lies outside its {image.Length} bytes");

    private static void Spend(ref ulong budget)
    {
        if (budget == 0) throw Malformed("its version needs hold more entries than their section has room for");
        budget--;
    }

    private static BadImageFormatException Malformed(string why) => new(why);
}
