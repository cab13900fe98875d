using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Writes safetensors files byte for byte as Hugging Face's library does: tensors by element type (wide ones first), then by name; compact JSON, padded with spaces to
/// 8 bytes. The file appears under its name only when it is complete and on disk.
/// </summary>
public static class SafetensorsWriter
{
    private const long ChunkElements = 1L << 27;
    private static readonly KeyValuePair<string, string>[] PyTorchFormat = [new("format", "pt")];

    /// <summary>Writes tensors to a file, replacing one that is there.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">The tensors by name. Any device, any strides; their values are written, not their views.</param>
    /// <param name="metadata">Strings of <c>__metadata__</c>. Default: <c>format = pt</c>, which transformers demands.</param>
    /// <exception cref="SafetensorsException">Two tensors have one name, a type has no place in the format, or the file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteStreamed(path, tensors.Select(tensor => OfTensor(path, tensor.Key, tensor.Value)), metadata);
    }

    /// <summary>Writes tensors whose bytes are made while they are written; needs no libtorch.</summary>
    internal static void WriteStreamed(string path, IEnumerable<WrittenTensor> tensors, IEnumerable<KeyValuePair<string, string>>? metadata = null)
    {
        List<Item> items = Layout(path, tensors);
        byte[] header = Header(items, metadata ?? PyTorchFormat);
        try
        {
            AtomicFile.Write(path, file =>
            {
                RandomAccess.Write(file, header, 0);
                foreach (Item item in items) item.Tensor.WriteData(file, header.Length + item.Begin);
            });
        }
        catch (Exception error) when (error is (IOException or UnauthorizedAccessException or NotSupportedException) and not SafetensorsException)
        {
            throw new SafetensorsException($"'{path}' cannot be written: {error.Message}", error);
        }
    }

    private sealed record Item(string Name, SafetensorsDType DType, WrittenTensor Tensor, long Begin, long End);

    internal static WrittenTensor OfTensor(string path, string name, Tensor tensor) => new(
        name,
        SafetensorsDType.Find(tensor.dtype) ?? throw new SafetensorsException($"Tensor '{name}' is {tensor.dtype}, which safetensors has no name for; convert it before writing '{path}'."),
        tensor.shape,
        (file, position) => WriteData(file, tensor, position));

    private static List<Item> Layout(string path, IEnumerable<WrittenTensor> tensors)
    {
        var named = new SortedDictionary<string, WrittenTensor>(Utf8Order.Instance);
        foreach (WrittenTensor tensor in tensors)
        {
            string name = tensor.Name;
            if (name == "__metadata__") throw new SafetensorsException($"'{path}' cannot hold a tensor named '__metadata__': the format keeps that name for itself.");
            if (!System.Text.Ascii.IsValid(name) && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name)) != name) throw new SafetensorsException($"A tensor for '{path}' has a name that is not valid Unicode: '{name}'.");
            if (!named.TryAdd(name, tensor)) throw new SafetensorsException($"Two tensors for '{path}' are named '{name}'.");
        }
        var items = new List<Item>(named.Count);
        long position = 0;
        foreach ((string name, WrittenTensor tensor) in named.OrderByDescending(pair => pair.Value.DType.Order))
        {
            long end = position + tensor.ByteCount;
            items.Add(new Item(name, tensor.DType, tensor, position, end));
            position = end;
        }
        return items;
    }

    private static byte[] Header(List<Item> items, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var json = new StringBuilder("{");
        KeyValuePair<string, string>[] strings = [.. metadata.OrderBy(pair => pair.Key, Utf8Order.Instance)];
        if (strings.Length > 0)
        {
            json.Append("\"__metadata__\":{");
            foreach ((string key, string value) in strings) AppendString(AppendString(json, key).Append(':'), value).Append(',');
            json.Length--;
            json.Append("},");
        }
        foreach (Item item in items)
        {
            AppendString(json, item.Name).Append(":{\"dtype\":\"").Append(item.DType.Name).Append("\",\"shape\":[").AppendJoin(',', item.Tensor.Shape)
                .Append("],\"data_offsets\":[").Append(item.Begin).Append(',').Append(item.End).Append("]},");
        }
        if (json[^1] == ',') json.Length--;
        byte[] text = Encoding.UTF8.GetBytes(json.Append('}').ToString());
        byte[] header = new byte[sizeof(ulong) + ((text.Length + 7) & ~7)];
        header.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - sizeof(ulong)));
        text.CopyTo(header, sizeof(ulong));
        return header;
    }

    /// <summary>Escapes as the official writer does (serde_json): quote, backslash and control characters only.</summary>
    private static StringBuilder AppendString(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' => json.Append("\\u00").Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => json.Append(c),
            };
        }
        return json.Append('"');
    }

    private static void WriteData(SafeFileHandle file, Tensor tensor, long position)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        Tensor flat = tensor.detach().cpu().contiguous().view(-1);
        long elements = flat.shape[0];
        for (long start = 0; start < elements; start += ChunkElements)
        {
            using Tensor chunk = flat.narrow(0, start, Math.Min(ChunkElements, elements - start));
            Span<byte> bytes = chunk.bytes;
            RandomAccess.Write(file, bytes, position);
            position += bytes.Length;
        }
    }

    /// <summary>Rust's order of strings, by UTF-8 bytes; UTF-16 ordinal order differs from it beyond U+FFFF.</summary>
    private sealed class Utf8Order : IComparer<string>
    {
        internal static readonly Utf8Order Instance = new();

        public int Compare(string? x, string? y) => Encoding.UTF8.GetBytes(x ?? "").AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(y ?? ""));
    }
}
