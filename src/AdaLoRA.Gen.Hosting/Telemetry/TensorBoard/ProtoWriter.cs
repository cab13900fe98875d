using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Writes the wire format of protocol buffers (protobuf.dev/programming-guides/encoding), as much of it as TensorBoard's events need. One message at a time; the buffer is kept.</summary>
internal sealed class ProtoWriter
{
    private const int Varint = 0, Fixed64 = 1, Length = 2;

    private byte[] _buffer = new byte[1024];
    private int _length;

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Begins the next message.</summary>
    public void Clear() => _length = 0;

    /// <summary>A field of type int32, int64, bool or enum.</summary>
    public void Int(int field, long value)
    {
        Tag(field, Varint);
        WriteVarint((ulong)value);
    }

    /// <summary>A field of type double.</summary>
    public void Double(int field, double value)
    {
        Tag(field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(Take(sizeof(double)), value);
    }

    /// <summary>A field of type string.</summary>
    public void Text(int field, string value)
    {
        Tag(field, Length);
        int bytes = Encoding.UTF8.GetByteCount(value);
        WriteVarint((ulong)bytes);
        Encoding.UTF8.GetBytes(value, Take(bytes));
    }

    /// <summary>A field of type bytes.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value) => value.CopyTo(Blob(field, value.Length));

    /// <summary>A field of type bytes, or of packed numbers, to be filled by the caller before the next call.</summary>
    public Span<byte> Blob(int field, int length)
    {
        Tag(field, Length);
        WriteVarint((ulong)length);
        return Take(length);
    }

    /// <summary>Begins a field that is a message; what follows until <see cref="Close"/> is in it.</summary>
    /// <returns>To be given to <see cref="Close"/>.</returns>
    public int Open(int field)
    {
        Tag(field, Length);
        // Most messages are shorter than 128 bytes, so that one is enough for their length.
        Take(1);
        return _length;
    }

    /// <summary>Ends the message that <see cref="Open"/> began.</summary>
    public void Close(int start)
    {
        int content = _length - start;
        int more = VarintSize((ulong)content) - 1;
        if (more > 0)
        {
            Take(more);
            _buffer.AsSpan(start, content).CopyTo(_buffer.AsSpan(start + more));
        }
        int end = _length;
        _length = start - 1;
        WriteVarint((ulong)content);
        _length = end;
    }

    private void Tag(int field, int wireType) => WriteVarint((ulong)((field << 3) | wireType));

    private void WriteVarint(ulong value)
    {
        var bytes = Take(VarintSize(value));
        for (int i = 0; i < bytes.Length; i++, value >>= 7) bytes[i] = (byte)(i < bytes.Length - 1 ? value | 0x80 : value);
    }

    private static int VarintSize(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    private Span<byte> Take(int count)
    {
        if (_length + count > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        _length += count;
        return _buffer.AsSpan(_length - count, count);
    }
}
