using System.Text;
using System.Text.Json;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Reads and judges the JSON header of a safetensors file (format: https://github.com/huggingface/safetensors#format). Everything that the official reader refuses
/// is refused. Beyond it: a header that does not start with '{' (the format's text demands it), duplicate names (two readers would see two different files) and
/// unknown fields of an entry.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The official cap on a header's size, in bytes.</summary>
    internal const long LargestHeader = 100_000_000;

    private const int DeepestJson = 8;
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = DeepestJson, CommentHandling = JsonCommentHandling.Disallow, AllowTrailingCommas = false };

    private readonly Dictionary<string, SafetensorsEntry> _entries = [];
    private readonly Dictionary<string, string> _metadata = [];

    private SafetensorsHeader() { }

    /// <summary>Entries in the order of their data.</summary>
    internal IReadOnlyList<SafetensorsEntry> InFileOrder { get; private set; } = [];

    internal IReadOnlyDictionary<string, SafetensorsEntry> ByName => _entries;

    internal IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Parses a header and checks it against the bytes that follow it.</summary>
    /// <param name="json">The header's bytes, without the length in front.</param>
    /// <param name="dataLength">Bytes of the file behind the header.</param>
    /// <exception cref="SafetensorsException">The header breaks a rule; the message says which, without the file's name.</exception>
    internal static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength)
    {
        if (json.IsEmpty || json[0] != (byte)'{') throw new SafetensorsException("its header does not start with '{'");
        if (!System.Text.Unicode.Utf8.IsValid(json)) throw new SafetensorsException("its header is not valid UTF-8");
        var header = new SafetensorsHeader();
        try
        {
            var reader = new Utf8JsonReader(json, Strict);
            header.ReadEntries(ref reader);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new SafetensorsException($"its header is not the JSON of the format ({broken.Message})", broken);
        }
        header.CheckLayout(dataLength);
        return header;
    }

    private void ReadEntries(ref Utf8JsonReader reader)
    {
        reader.Read();
        bool metadataSeen = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "__metadata__")
            {
                if (metadataSeen) throw new SafetensorsException("its header has two '__metadata__'");
                metadataSeen = true;
                ReadMetadata(ref reader);
            }
            else if (!_entries.TryAdd(name, ReadEntry(name, ref reader)))
            {
                throw new SafetensorsException($"its header has two tensors of the name '{name}'");
            }
        }
        if (reader.Read()) throw new SafetensorsException("its header has text behind the closing brace");
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, "'__metadata__' is not an object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, $"'__metadata__' holds '{key}', which is not a string");
            Expect(_metadata.TryAdd(key, reader.GetString()!), $"'__metadata__' holds '{key}' twice");
        }
    }

    private static SafetensorsEntry ReadEntry(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, $"'{name}' is not described by an object");
        string? dtype = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype" when dtype is null && reader.TokenType == JsonTokenType.String: dtype = reader.GetString(); break;
                case "shape" when shape is null: shape = ReadIntegers(name, ref reader); break;
                case "data_offsets" when offsets is null: offsets = ReadIntegers(name, ref reader); break;
                default: throw new SafetensorsException($"'{name}' has the field '{field}' twice, of a wrong type or unknown to the format");
            }
        }
        Expect(dtype is not null && shape is not null && offsets is not null, $"'{name}' lacks dtype, shape or data_offsets");
        Expect(offsets!.Count == 2, $"'{name}' has {offsets.Count} data_offsets instead of two");
        return new SafetensorsEntry(name, dtype!, shape!, offsets[0], offsets[1]);
    }

    private static List<long> ReadIntegers(string name, ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, $"'{name}' has a shape or data_offsets that is not an array");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            // Digits only: 2.0, 2e3 and -0 are numbers in JSON, but no sizes.
            bool digits = reader.TokenType == JsonTokenType.Number && reader.ValueSpan.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
            Expect(digits && reader.TryGetInt64(out _), $"'{name}' has a shape or data_offsets with something that is not a whole number from 0 to 2^63 - 1");
            values.Add(reader.GetInt64());
        }
        return values;
    }

    private void CheckLayout(long dataLength)
    {
        InFileOrder = [.. _entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End)];
        long next = 0;
        foreach (SafetensorsEntry entry in InFileOrder)
        {
            Expect(entry.Begin == next && entry.End >= entry.Begin, $"the data of '{entry.Name}' [{entry.Begin}, {entry.End}) does not start where the one before ends ({next}): a hole, an overlap or reversed offsets");
            Expect(entry.ByteCount == BytesOf(entry), $"the shape of '{entry.Name}', {entry}, does not fit its {entry.ByteCount} bytes");
            next = entry.End;
        }
        Expect(next <= dataLength, $"it is cut short: its tensors need {next} bytes and {dataLength} are there");
        Expect(next == dataLength, $"it has {dataLength - next} bytes that belong to no tensor");
    }

    private static long BytesOf(SafetensorsEntry entry)
    {
        SafetensorsDType dtype = SafetensorsDType.Find(entry.DType) ?? throw new SafetensorsException($"'{entry.Name}' has the unknown dtype '{entry.DType}'");
        try
        {
            // The product in file order and with no short cut at a zero: the official reader refuses [0, 2^62, 8] or not by the same order.
            long bits = checked(entry.Shape.Aggregate(1L, (product, size) => checked(product * size)) * dtype.Bits);
            return bits % 8 == 0 ? bits / 8 : throw new SafetensorsException($"'{entry.Name}', {entry}, does not end on a whole byte");
        }
        catch (OverflowException overflow)
        {
            throw new SafetensorsException($"the shape of '{entry.Name}', {entry}, is too large to exist", overflow);
        }
    }

    private static void Expect(bool holds, string what)
    {
        if (!holds) throw new SafetensorsException(what);
    }
}
