using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Writes GGUF files byte for byte as gguf-py does: version 3, alignment 32, metadata and tensors in the order given. The file appears under its name only when it is complete
/// and on disk.
/// </summary>
public static class GgufWriter
{
    /// <summary>ggml keeps names in 64 bytes (GGML_MAX_NAME), the last of which is NUL; gguf.cpp refuses longer ones.</summary>
    private const int LongestTensorName = 63;

    private const long ChunkElements = 1L << 27;

    /// <summary>Writes metadata and tensors to a file, replacing one that is there.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="metadata">The metadata, in the order of the file. llama.cpp demands <c>general.architecture</c>.</param>
    /// <param name="tensors">The tensors, in the order of the file: F32, F16 or BF16, at most 4 dimensions, names of at most 63 bytes. Any device, any strides.</param>
    /// <exception cref="GgufException">
    /// A key or name is empty, too long, not valid Unicode or there twice, a type or shape has no place in the format, the metadata asks for another alignment, or the file cannot
    /// be written.
    /// </exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, GgufValue>> metadata, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(tensors);
        WriteStreamed(path, metadata, tensors.Select(tensor => OfTensor(path, tensor.Key, tensor.Value)));
    }

    /// <summary>Writes tensors whose bytes are made while they are written; needs no libtorch.</summary>
    internal static void WriteStreamed(string path, IEnumerable<KeyValuePair<string, GgufValue>> metadata, IEnumerable<GgufWrittenTensor> tensors)
    {
        List<KeyValuePair<string, GgufValue>> values = Check(path, metadata);
        List<Item> items = Layout(path, tensors);
        byte[] header = Header(values, items);
        try
        {
            AtomicFile.Write(path, file =>
            {
                RandomAccess.Write(file, header, 0);
                foreach (Item item in items) WriteItem(file, item, header.Length);
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new GgufException($"'{path}' cannot be written: {error.Message}", error);
        }
    }

    private sealed record Item(GgufWrittenTensor Tensor, long Begin, long End);

    internal static GgufWrittenTensor OfTensor(string path, string name, Tensor tensor) => new(
        name,
        tensor.shape,
        GgmlType.Find(tensor.dtype) ?? throw new GgufException($"Tensor '{name}' is {tensor.dtype}; convert it to F32, F16 or BF16 before writing '{path}'."),
        (file, position) => WriteData(file, tensor, position));

    private static List<KeyValuePair<string, GgufValue>> Check(string path, IEnumerable<KeyValuePair<string, GgufValue>> metadata)
    {
        List<KeyValuePair<string, GgufValue>> values = [.. metadata];
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string key, GgufValue value) in values)
        {
            CheckName(path, key, "metadata key", GgufHeader.LongestName);
            if (!keys.Add(key)) throw new GgufException($"Two metadata values for '{path}' have the key '{key}'.");
            if (key == GgufHeader.AlignmentKey && value.Value is not GgufHeader.DefaultAlignment)
            {
                throw new GgufException($"'{path}' is written with an alignment of {GgufHeader.DefaultAlignment}, and its {key} says {value}; leave the key away.");
            }
        }
        return values;
    }

    private static List<Item> Layout(string path, IEnumerable<GgufWrittenTensor> tensors)
    {
        var items = new List<Item>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        long position = 0;
        foreach (GgufWrittenTensor tensor in tensors)
        {
            CheckName(path, tensor.Name, "tensor name", LongestTensorName);
            if (!names.Add(tensor.Name)) throw new GgufException($"Two tensors for '{path}' are named '{tensor.Name}'.");
            if (tensor.Shape.Length > GgufHeader.MostDimensions) throw new GgufException($"Tensor '{tensor.Name}' has {tensor.Shape.Length} dimensions; ggml has at most {GgufHeader.MostDimensions}.");
            long end = position + tensor.ByteCount;
            items.Add(new Item(tensor, position, end));
            position = GgufHeader.Pad(end, GgufHeader.DefaultAlignment);
        }
        return items;
    }

    private static void CheckName(string path, string name, string what, int longest)
    {
        int bytes = GgufHeaderWriter.Encode(name, $"A {what} for '{path}'").Length;
        if (bytes == 0 || bytes > longest || name.Contains('\0'))
        {
            throw new GgufException($"The {what} '{name}' for '{path}' has {bytes} bytes; it must have 1 to {longest}, none of them NUL.");
        }
    }

    private static byte[] Header(List<KeyValuePair<string, GgufValue>> metadata, List<Item> items)
    {
        using var header = new GgufHeaderWriter(items.Count, metadata.Count);
        foreach ((string key, GgufValue value) in metadata) header.Metadata(key, value);
        foreach (Item item in items) header.Tensor(item.Tensor.Name, item.Tensor.Shape, item.Tensor.Type, item.Begin);
        return header.ToArray();
    }

    private static void WriteItem(SafeFileHandle file, Item item, long dataStart)
    {
        item.Tensor.WriteData(file, dataStart + item.Begin);
        // llama.cpp reads whole padded tensors, the last one's padding, too.
        Span<byte> padding = stackalloc byte[(int)(GgufHeader.Pad(item.End, GgufHeader.DefaultAlignment) - item.End)];
        padding.Clear();
        RandomAccess.Write(file, padding, dataStart + item.End);
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
}
