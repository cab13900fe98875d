namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Reads and judges the header of a GGUF file (format: docs/gguf.md of ggml; rules that the text leaves open: gguf_init_from_reader in ggml/src/gguf.cpp). What llama.cpp
/// refuses is refused, but for arrays of arrays, which the format's text allows, and names longer than 63 bytes. Beyond it: text that is not UTF-8, bools other than 0 and 1,
/// and bytes behind the last tensor's padding.
/// </summary>
internal sealed class GgufHeader
{
    internal const uint Magic = 0x46554747;
    internal const uint Version = 3;
    internal const uint DefaultAlignment = 32;
    internal const string AlignmentKey = "general.alignment";

    /// <summary>GGML_MAX_DIMS.</summary>
    internal const int MostDimensions = 4;

    /// <summary>The format's limit on keys, in bytes; kept for tensors' names, too.</summary>
    internal const int LongestName = 65535;

    private readonly OrderedDictionary<string, GgufValue> _metadata = [];
    private readonly OrderedDictionary<string, GgufTensorInfo> _tensors = [];

    private GgufHeader() { }

    internal uint FileVersion { get; private set; }

    internal uint Alignment { get; private set; } = DefaultAlignment;

    internal long DataStart { get; private set; }

    internal IReadOnlyDictionary<string, GgufValue> Metadata => _metadata;

    internal IReadOnlyDictionary<string, GgufTensorInfo> Tensors => _tensors;

    /// <summary>Reads a header from the start of a file and checks it against the bytes that follow it.</summary>
    /// <exception cref="GgufException">The header breaks a rule; the message says which, without the file's name.</exception>
    internal static GgufHeader Read(ByteSource source)
    {
        long length = source.Length;
        var reader = new GgufHeaderReader(source, length);
        var header = new GgufHeader();
        header.ReadVersion(reader);
        ulong tensors = reader.Number<ulong>("the number of tensors");
        ulong values = reader.Number<ulong>("the number of metadata values");
        // The smallest value is a key of one letter and one byte, the smallest tensor a scalar without a name.
        const int smallestValue = sizeof(ulong) + 1 + sizeof(uint) + 1, smallestTensor = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong);
        for (int left = reader.Need(values, smallestValue, "the list of metadata values"); left > 0; left--) header.ReadMetadata(reader);
        header.ReadAlignment();
        int count = reader.Need(tensors, smallestTensor, "the list of tensors");
        long next = 0;
        for (int left = count; left > 0; left--) next = header.ReadTensor(reader, next);
        header.CheckLayout(reader.Position, length, next);
        return header;
    }

    /// <summary>The next multiple of an alignment.</summary>
    internal static long Pad(long position, uint alignment) => checked(position + alignment - 1) & -(long)alignment;

    private void ReadVersion(GgufHeaderReader reader)
    {
        Expect(reader.Number<uint>("the magic number") == Magic, "it does not start with 'GGUF'");
        FileVersion = reader.Number<uint>("the version");
        Expect(FileVersion == 0 || (FileVersion & 0xFFFF) != 0, "it is big endian, which gguf_convert_endian of gguf-py can turn");
        Expect(FileVersion is 2 or Version, $"it has the version {FileVersion}, and only 2 and {Version} are read");
    }

    private void ReadMetadata(GgufHeaderReader reader)
    {
        string key = ReadName(reader, $"the key of metadata value {_metadata.Count}");
        Expect(key.Length > 0, $"metadata value {_metadata.Count} has no key");
        GgufValue value = GgufMetadataReader.Read(reader, key);
        Expect(_metadata.TryAdd(key, value), $"it has two metadata values '{key}'");
    }

    private void ReadAlignment()
    {
        if (!_metadata.TryGetValue(AlignmentKey, out GgufValue? value)) return;
        Expect(value.Value is uint bytes && uint.PopCount(bytes) == 1, $"its {AlignmentKey} is {value}, a {value.Type}; it must be a power of two as U32");
        Alignment = (uint)value.Value;
    }

    private long ReadTensor(GgufHeaderReader reader, long next)
    {
        string name = ReadName(reader, $"the name of tensor {_tensors.Count}");
        uint dimensions = reader.Number<uint>($"the dimensions of '{name}'");
        Expect(dimensions <= MostDimensions, $"'{name}' has {dimensions} dimensions; ggml has at most {MostDimensions}");
        long[] shape = reader.Numbers<long>(dimensions, $"the shape of '{name}'");
        uint id = reader.Number<uint>($"the type of '{name}'");
        GgmlType type = GgmlType.Find(id) ?? throw new GgufException($"'{name}' has the type {id}, which ggml has no name for");
        ulong offset = reader.Number<ulong>($"the offset of '{name}'");
        long bytes = BytesOf(name, shape, type);
        // llama.cpp demands that every tensor starts at the padded end of the one before. That rules out holes, overlaps and any other order.
        Expect(offset == (ulong)next, $"the data of '{name}' starts at {offset} and not at {next}, where the one before ends: a hole, an overlap or another order");
        Array.Reverse(shape);
        Expect(_tensors.TryAdd(name, new GgufTensorInfo(name, type.Name, shape, next, checked(next + bytes), type.Scalar)), $"it has two tensors '{name}'");
        return Pad(checked(next + bytes), Alignment);
    }

    private static long BytesOf(string name, long[] shape, GgmlType type)
    {
        string sizes = string.Join(", ", shape);
        Expect(shape.All(size => size >= 0), $"'{name}' has a negative size: ne = [{sizes}]");
        long row = shape.Length == 0 ? 1 : shape[0];
        Expect(row % type.BlockElements == 0, $"the rows of '{name}', {row} elements of {type.Name}, are no multiple of its block of {type.BlockElements}");
        try
        {
            // Zeros count as one here: torch multiplies strides so, and [2^62, 0, 2^62] must not overflow there.
            _ = checked(shape.Aggregate(1L, (product, size) => checked(product * Math.Max(size, 1))) * type.BlockBytes);
        }
        catch (OverflowException overflow)
        {
            throw new GgufException($"the shape of '{name}', ne = [{sizes}], is too large to exist", overflow);
        }
        return shape.Aggregate(1L, (product, size) => product * size) / type.BlockElements * type.BlockBytes;
    }

    private void CheckLayout(long end, long length, long data)
    {
        DataStart = Pad(end, Alignment);
        if (_tensors.Count > 0)
        {
            // The padding behind the last tensor may be missing: nobody reads it.
            long last = checked(DataStart + _tensors.GetAt(_tensors.Count - 1).Value.End);
            Expect(length >= last, $"it is cut short: its tensors end at byte {last} and it has {length}");
        }
        Expect(length - DataStart <= data, $"it has {length - DataStart - data} bytes that belong to no tensor");
    }

    private static string ReadName(GgufHeaderReader reader, string what)
    {
        string name = reader.Text(what, LongestName);
        // ggml keeps names as C strings: behind a NUL two readers would see two different files.
        Expect(!name.Contains('\0'), $"{what} holds a NUL");
        return name;
    }

    private static void Expect(bool holds, string what)
    {
        if (!holds) throw new GgufException(what);
    }
}
