using Microsoft.Win32.SafeHandles;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Bytes that can be read from any position, also by several threads at once: a file, or a stream that can seek.</summary>
internal abstract class ByteSource : IDisposable
{
    /// <summary>Bytes there are.</summary>
    internal abstract long Length { get; }

    /// <summary>Opens a file. Throws what <see cref="File.OpenHandle"/> throws.</summary>
    internal static ByteSource Open(string path) => new FromFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.None));

    /// <summary>Wraps a stream, which counts from its first byte whatever its position is.</summary>
    /// <exception cref="ArgumentException">The stream cannot read or seek.</exception>
    internal static ByteSource Of(Stream stream, bool leaveOpen)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanRead || !stream.CanSeek) throw new ArgumentException("The stream cannot be read from any position; copy it into a MemoryStream first.", nameof(stream));
        return new FromStream(stream, leaveOpen);
    }

    /// <summary>Reads at most as many bytes as fit; 0 at the end.</summary>
    internal abstract int Read(Span<byte> bytes, long position);

    public abstract void Dispose();

    private sealed class FromFile(SafeFileHandle handle) : ByteSource
    {
        internal override long Length => RandomAccess.GetLength(handle);

        internal override int Read(Span<byte> bytes, long position) => RandomAccess.Read(handle, bytes, position);

        public override void Dispose() => handle.Dispose();
    }

    private sealed class FromStream(Stream stream, bool leaveOpen) : ByteSource
    {
        private readonly Lock _oneReader = new();

        internal override long Length => stream.Length;

        internal override int Read(Span<byte> bytes, long position)
        {
            lock (_oneReader)
            {
                stream.Position = position;
                return stream.Read(bytes);
            }
        }

        public override void Dispose()
        {
            if (!leaveOpen) stream.Dispose();
        }
    }
}
