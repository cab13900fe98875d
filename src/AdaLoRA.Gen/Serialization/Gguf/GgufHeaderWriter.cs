using System.Text;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Puts a GGUF header together: magic number, version 3, counts, metadata, tensors. BinaryWriter is little endian everywhere.</summary>
internal sealed class GgufHeaderWriter : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly MemoryStream _bytes = new();
    private readonly BinaryWriter _writer;

    internal GgufHeaderWriter(int tensors, int values)
    {
        _writer = new BinaryWriter(_bytes);
        _writer.Write(GgufHeader.Magic);
        _writer.Write(GgufHeader.Version);
        _writer.Write((ulong)tensors);
        _writer.Write((ulong)values);
    }

    internal void Metadata(string key, GgufValue value)
    {
        Text(key, $"The metadata key '{key}'");
        _writer.Write((uint)value.Type);
        Value(value, $"The value of '{key}'");
    }

    internal void Tensor(string name, long[] shape, GgmlType type, long offset)
    {
        Text(name, $"The tensor name '{name}'");
        _writer.Write((uint)shape.Length);
        // ne[0] is the length of a row: torch's order, reversed.
        for (int i = shape.Length - 1; i >= 0; i--) _writer.Write(shape[i]);
        _writer.Write(type.Id);
        _writer.Write((ulong)offset);
    }

    /// <summary>The header, padded with zeros to the alignment.</summary>
    internal byte[] ToArray()
    {
        _writer.Flush();
        _bytes.SetLength(GgufHeader.Pad(_bytes.Length, GgufHeader.DefaultAlignment));
        return _bytes.ToArray();
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>Bytes of a text in the file.</summary>
    /// <exception cref="GgufException">It is not valid Unicode.</exception>
    internal static byte[] Encode(string text, string what)
    {
        try
        {
            return Utf8.GetBytes(text);
        }
        catch (EncoderFallbackException invalid)
        {
            throw new GgufException($"{what} is not valid Unicode; it holds half of a surrogate pair.", invalid);
        }
    }

    private void Text(string text, string what)
    {
        byte[] bytes = Encode(text, what);
        _writer.Write((ulong)bytes.Length);
        _writer.Write(bytes);
    }

    private void Value(GgufValue value, string what)
    {
        if (value.Value is not Array array)
        {
            Single(value.Value, what);
            return;
        }
        _writer.Write((uint)value.ElementType!.Value);
        _writer.Write((ulong)array.Length);
        foreach (object element in array)
        {
            if (element is GgufValue nested) Value(nested, what);
            else Single(element, what);
        }
    }

    private void Single(object value, string what)
    {
        switch (value)
        {
            case byte number: _writer.Write(number); break;
            case sbyte number: _writer.Write(number); break;
            case ushort number: _writer.Write(number); break;
            case short number: _writer.Write(number); break;
            case uint number: _writer.Write(number); break;
            case int number: _writer.Write(number); break;
            case ulong number: _writer.Write(number); break;
            case long number: _writer.Write(number); break;
            case float number: _writer.Write(number); break;
            case double number: _writer.Write(number); break;
            case bool truth: _writer.Write(truth); break;
            case string text: Text(text, what); break;
            default: throw new GgufException($"{what} has an element that is null; an array holds strings.");
        }
    }
}
