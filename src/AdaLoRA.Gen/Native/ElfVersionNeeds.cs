using System.Buffers.Binary;
using System.Text;

namespace AdaLoRA.Gen.Native;

/// <summary>The version needs of a 64-bit little-endian ELF image (section <c>.gnu.version_r</c>; Linux Standard Base, "Symbol Versioning").</summary>
internal static class ElfVersionNeeds
{
    private const uint SectionTypeVersionNeed = 0x6ffffffe;
    private const ushort WeakFlag = 2;

    /// <summary>Sets the weak flag on every need for <paramref name="version"/>.</summary>
    /// <returns>How many needs were marked.</returns>
    public static int Weaken(Span<byte> image, string version)
    {
        int marked = 0;
        long sections = BinaryPrimitives.ReadInt64LittleEndian(image[0x28..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3A..]), count = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3C..]);
        for (int i = 0; i < count; i++)
        {
            var section = image[(int)(sections + (long)i * size)..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != SectionTypeVersionNeed) continue;
            int link = BinaryPrimitives.ReadInt32LittleEndian(section[0x28..]);
            long strings = BinaryPrimitives.ReadInt64LittleEndian(image[(int)(sections + (long)link * size + 0x18)..]);
            for (long need = BinaryPrimitives.ReadInt64LittleEndian(section[0x18..]); ;)
            {
                int entries = BinaryPrimitives.ReadUInt16LittleEndian(image[(int)(need + 2)..]);
                long entry = need + BinaryPrimitives.ReadUInt32LittleEndian(image[(int)(need + 8)..]);
                for (int k = 0; k < entries; k++)
                {
                    var auxiliary = image[(int)entry..];
                    var name = image[(int)(strings + BinaryPrimitives.ReadUInt32LittleEndian(auxiliary[8..]))..];
                    if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == version)
                    {
                        BinaryPrimitives.WriteUInt16LittleEndian(auxiliary[4..], (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(auxiliary[4..]) | WeakFlag));
                        marked++;
                    }
                    entry += BinaryPrimitives.ReadUInt32LittleEndian(auxiliary[12..]);
                }
                uint next = BinaryPrimitives.ReadUInt32LittleEndian(image[(int)(need + 12)..]);
                if (next == 0) break;
                need += next;
            }
        }
        return marked;
    }
}
