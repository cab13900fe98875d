using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Tool.Doctor;

/// <summary>
/// What a 64-bit little-endian ELF library says of itself (System V ABI, "Object Files"; Linux Standard Base, "Symbol Versioning"), read piece by piece: libtorch has 500 MB. Nothing in the file is
/// believed: an offset that lies outside is a damaged file, a chain that does not end is cut.
/// </summary>
internal sealed class ElfFile
{
    private const int HeaderSize = 64, SectionSize = 64, SegmentSize = 56, MostEntries = 100_000;
    private const uint VersionNeeds = 0x6ffffffe, VersionDefinitions = 0x6ffffffd, Loadable = 1;
    private const long LargestTable = 64 << 20;

    private readonly SafeFileHandle _file;
    private readonly long _length;

    private ElfFile(SafeFileHandle file)
    {
        _file = file;
        _length = RandomAccess.GetLength(file);
        Read();
    }

    /// <summary>Versions of other libraries' symbols that it asks for, such as GLIBCXX_3.4.32; those marked weak are left out.</summary>
    public List<string> Needs { get; } = [];

    /// <summary>Versions of symbols that it offers.</summary>
    public List<string> Definitions { get; } = [];

    /// <summary>Reads a file.</summary>
    /// <exception cref="BadImageFormatException">It is no library of this machine's kind, or damaged; the message says why, without the file's name.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static ElfFile Open(string path)
    {
        using var file = File.OpenHandle(path);
        return new ElfFile(file);
    }

    private void Read()
    {
        byte[] header = At(0, HeaderSize, "the ELF header");
        if (!header.AsSpan().StartsWith("\u007fELF"u8)) throw new BadImageFormatException("it does not start with the ELF magic number");
        if (header[4] != 2 || header[5] != 1) throw new BadImageFormatException("it is not a 64-bit little-endian image");
        RequireMachine(BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x12)));
        long sections = Long(header, 0x28), segments = Long(header, 0x20);
        int sectionCount = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x3C)), segmentCount = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x38));
        byte[] table = At(segments, (long)segmentCount * SegmentSize, "the table of its segments");
        for (int i = 0; i < segmentCount; i++)
        {
            var segment = table.AsSpan(i * SegmentSize, SegmentSize);
            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) == Loadable) RequireInside(Long(segment, 8), Long(segment, 0x20), "a segment that is to be loaded");
        }
        byte[] all = At(sections, (long)sectionCount * SectionSize, "the table of its sections");
        for (int i = 0; i < sectionCount; i++)
        {
            var section = all.AsSpan(i * SectionSize, SectionSize);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(section[4..]);
            if (type is not (VersionNeeds or VersionDefinitions)) continue;
            uint link = BinaryPrimitives.ReadUInt32LittleEndian(section[0x28..]);
            if (link >= sectionCount) throw new BadImageFormatException("its symbol versions refer to a section that is not there");
            var strings = all.AsSpan((int)link * SectionSize, SectionSize);
            byte[] entries = At(Long(section, 0x18), Long(section, 0x20), "its symbol versions"), names = At(Long(strings, 0x18), Long(strings, 0x20), "the names of its symbol versions");
            if (type == VersionNeeds) ReadNeeds(entries, names);
            else ReadDefinitions(entries, names);
        }
    }

    private void ReadNeeds(byte[] bytes, byte[] names)
    {
        const ushort weak = 2;
        int need = 0, budget = MostEntries;
        while (budget > 0)
        {
            var record = Within(bytes, need, 16);
            int entry = need + Int(record, 8);
            for (int k = BinaryPrimitives.ReadUInt16LittleEndian(record[2..]); k > 0 && budget > 0; k--, budget--)
            {
                var item = Within(bytes, entry, 16);
                if ((BinaryPrimitives.ReadUInt16LittleEndian(item[4..]) & weak) == 0) Needs.Add(Name(names, Int(item, 8)));
                entry += Int(item, 12);
            }
            if (Int(record, 12) is var next && next == 0) return;
            need += next;
            budget--;
        }
    }

    private void ReadDefinitions(byte[] bytes, byte[] names)
    {
        int definition = 0;
        for (int budget = MostEntries; budget > 0; budget--)
        {
            var record = Within(bytes, definition, 20);
            Definitions.Add(Name(names, Int(Within(bytes, definition + Int(record, 12), 8), 0)));
            if (Int(record, 16) is var next && next == 0) return;
            definition += next;
        }
    }

    private static void RequireMachine(int machine)
    {
        const int x64 = 62, arm64 = 183;
        string found = machine switch { x64 => "x64", arm64 => "arm64", 3 => "x86", 40 => "arm", _ => $"machine {machine}" };
        string own = RuntimeInformation.ProcessArchitecture switch { Architecture.X64 => "x64", Architecture.Arm64 => "arm64", var other => other.ToString().ToLowerInvariant() };
        if (found != own) throw new BadImageFormatException($"it is built for {found}, and this process is {own}");
    }

    private byte[] At(long offset, long length, string what)
    {
        RequireInside(offset, length, what);
        if (length > LargestTable) throw new BadImageFormatException($"{what} claims {length} bytes");
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < bytes.Length)
        {
            int read = RandomAccess.Read(_file, bytes.AsSpan(done), offset + done);
            if (read == 0) throw new BadImageFormatException("it ended while it was read");
            done += read;
        }
        return bytes;
    }

    private void RequireInside(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || offset > _length || length > _length - offset) throw new BadImageFormatException($"it is cut short: {what} lies outside its {_length} bytes");
    }

    private static ReadOnlySpan<byte> Within(byte[] bytes, int offset, int length) =>
        offset >= 0 && offset <= bytes.Length - length ? bytes.AsSpan(offset, length) : throw new BadImageFormatException("its symbol versions are damaged");

    private static string Name(byte[] names, int offset)
    {
        int end = offset >= 0 && offset < names.Length ? names.AsSpan(offset).IndexOf((byte)0) : -1;
        return end >= 0 ? Encoding.ASCII.GetString(names, offset, end) : throw new BadImageFormatException("the names of its symbol versions are damaged");
    }

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
