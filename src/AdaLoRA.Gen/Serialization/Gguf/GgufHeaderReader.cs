using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Reads the plain fields of a GGUF header, one behind the other. Every length is held against the bytes that are left before memory is taken for it, so what a header costs
/// is bounded by what it is. Numbers are little endian, as on every platform that libtorch is built for.
/// </summary>
internal sealed class GgufHeaderReader
{
    /// <summary>Largest header that is read, in bytes; those of models with 262,000 tokens have about 16 million.</summary>
    internal const long LargestHeader = 100_000_000;

    private const int LargestBuffer = 1 << 14;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ByteSource _source;
    private readonly long _end;
    private readonly bool _capped;
    private readonly byte[] _buffer;
    private int _next, _filled;
    private long _read;

    internal GgufHeaderReader(ByteSource source, long length)
    {
        _source = source;
        _end = Math.Min(length, LargestHeader);
        _capped = length > LargestHeader;
        _buffer = new byte[(int)Math.Min(_end, LargestBuffer)];
    }

    /// <summary>Bytes read so far.</summary>
    internal long Position => _read - (_filled - _next);

    /// <summary>A number of any width.</summary>
    internal T Number<T>(string what) where T : unmanaged
    {
        T value = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        Need((ulong)bytes.Length, 1, what);
        ReadExactly(bytes);
        return value;
    }

    /// <summary>Numbers behind one another.</summary>
    internal T[] Numbers<T>(ulong count, string what) where T : unmanaged
    {
        var values = new T[Need(count, Unsafe.SizeOf<T>(), what)];
        ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    /// <summary>A string: its length in bytes, then UTF-8.</summary>
    internal string Text(string what, long longest = LargestHeader)
    {
        ulong length = Number<ulong>(what);
        if (length > (ulong)longest) throw new GgufException($"{what} claims {length} bytes, more than {longest}");
        int count = Need(length, 1, what);
        if (count == 0) return "";
        Span<byte> small = stackalloc byte[256];
        Span<byte> bytes = count <= small.Length ? small[..count] : new byte[count];
        ReadExactly(bytes);
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException invalid)
        {
            throw new GgufException($"{what} is not valid UTF-8", invalid);
        }
    }

    /// <summary>Refuses a count whose items, at so many bytes each or more, do not fit in what is left.</summary>
    /// <returns>The count.</returns>
    internal int Need(ulong count, int bytesEach, string what)
    {
        long left = _end - Position;
        if (count <= (ulong)(left / bytesEach)) return (int)count;
        throw new GgufException(_capped
            ? $"{what} reaches beyond the first {LargestHeader} bytes, which is more than any header has"
            : $"{what} needs {count} times {bytesEach} bytes, and the file has {left} left");
    }

    private void ReadExactly(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_next == _filled) Fill();
            int taken = Math.Min(bytes.Length, _filled - _next);
            _buffer.AsSpan(_next, taken).CopyTo(bytes);
            bytes = bytes[taken..];
            _next += taken;
        }
    }

    private void Fill()
    {
        _filled = _source.Read(_buffer, _read);
        _next = 0;
        _read += _filled;
        if (_filled == 0) throw new GgufException("it ended while it was read: another process cut it short");
    }
}
