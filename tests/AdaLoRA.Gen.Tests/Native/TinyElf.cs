using System.Buffers.Binary;
using System.Text;

namespace AdaLoRA.Gen.Tests.Native;

/// <summary>The smallest 64-bit ELF image that has version needs: a header, one need with its entries, a string table and three section headers.</summary>
internal static class TinyElf
{
    public const int NeedOffset = 64;

    private const int SectionSize = 64;

    public static int EntryOffset(int index) => NeedOffset + 16 + index * 16;

    public static ushort FlagsOf(byte[] image, int index) => BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(EntryOffset(index) + 4));

    public static byte[] With(params string[] versions)
    {
        byte[] strings = Encoding.ASCII.GetBytes("\0libstdc++.so.6\0" + string.Concat(versions.Select(v => v + "\0")));
        int needSize = 16 + versions.Length * 16, stringsOffset = NeedOffset + needSize, sections = stringsOffset + strings.Length;
        byte[] image = new byte[sections + 3 * SectionSize];
        "\u007fELF"u8.CopyTo(image);
        (image[4], image[5]) = (2, 1);
        Write64(image, 0x28, sections);
        Write16(image, 0x3A, SectionSize);
        Write16(image, 0x3C, 3);

        Write16(image, NeedOffset, 1);
        Write16(image, NeedOffset + 2, versions.Length);
        Write32(image, NeedOffset + 4, 1);
        Write32(image, NeedOffset + 8, 16);
        int name = 16;
        for (int i = 0; i < versions.Length; i++)
        {
            Write32(image, EntryOffset(i) + 8, name);
            Write32(image, EntryOffset(i) + 12, i == versions.Length - 1 ? 0 : 16);
            name += versions[i].Length + 1;
        }
        strings.CopyTo(image, stringsOffset);
        WriteSection(image, sections + SectionSize, type: 0x6ffffffe, NeedOffset, needSize, link: 2);
        WriteSection(image, sections + 2 * SectionSize, type: 3, stringsOffset, strings.Length, link: 0);
        return image;
    }

    public static void Write16(byte[] image, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), (ushort)value);

    public static void Write32(byte[] image, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(at), value);

    public static void Write64(byte[] image, int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(at), value);

    /// <summary>The offset of the header of the version needs (section 1) or of the string table (section 2).</summary>
    public static int SectionHeader(byte[] image, int index) => image.Length - (3 - index) * SectionSize;

    private static void WriteSection(byte[] image, int at, int type, int offset, int size, int link)
    {
        Write32(image, at + 4, type);
        Write64(image, at + 0x18, offset);
        Write64(image, at + 0x20, size);
        Write32(image, at + 0x28, link);
    }
}
