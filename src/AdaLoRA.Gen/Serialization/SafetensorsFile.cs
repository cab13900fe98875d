using System.Buffers.Binary;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// A safetensors file opened for reading. The header is judged completely when it opens; the data of a tensor is read when it is asked for, from the file straight into
/// the tensor's memory, so that a 2 GB file never costs more than its tensors. Reading from several threads is safe.
/// </summary>
/// <remarks>Plain reads instead of a memory map: a file that shrinks under a map kills the process, a short read is an exception.</remarks>
public sealed class SafetensorsFile : IDisposable
{
    /// <summary>Elements of one read: keeps byte counts below the 2 GB that a span can address, whatever the element type.</summary>
    private const long ChunkElements = 1L << 27;

    private readonly ByteSource _file;
    private readonly SafetensorsHeader _header;
    private readonly long _dataStart;

    private SafetensorsFile(string path, ByteSource file, SafetensorsHeader header, long dataStart)
    {
        Path = path;
        _file = file;
        _header = header;
        _dataStart = dataStart;
        Names = [.. header.InFileOrder.Select(entry => entry.Name)];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Names of the tensors in the order of their data.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _header.ByName;

    /// <summary>The strings of <c>__metadata__</c>; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and judges its header.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="SafetensorsException">The file is missing, a folder, unreadable, cut short, or breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw new SafetensorsException($"'{path}' is a folder; name the .safetensors file inside it.");
        return Open(path, () => ByteSource.Open(path));
    }

    /// <summary>Opens a stream that can seek and judges its header.</summary>
    /// <param name="stream">The bytes of a safetensors file, from the stream's first byte to its last.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the file is disposed or refused.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="SafetensorsException">The stream is cut short or breaks a rule of the format.</exception>
    internal static SafetensorsFile Open(Stream stream, string name, bool leaveOpen = false)
    {
        ByteSource source = ByteSource.Of(stream, leaveOpen);
        return Open(name, () => source);
    }

    private static SafetensorsFile Open(string path, Func<ByteSource> open)
    {
        ByteSource? file = null;
        try
        {
            file = open();
            (SafetensorsHeader header, long dataStart) = ReadHeader(file);
            return new SafetensorsFile(path, file, header, dataStart);
        }
        catch (Exception error)
        {
            file?.Dispose();
            throw error switch
            {
                FileNotFoundException or DirectoryNotFoundException => new SafetensorsException($"There is no file '{path}'.", error),
                SafetensorsException => new SafetensorsException($"'{path}' is not a sound safetensors file: {error.Message}. Download or save it again.", error.InnerException ?? error),
                IOException or UnauthorizedAccessException or NotSupportedException => new SafetensorsException($"'{path}' cannot be read: {error.Message}", error),
                _ => new SafetensorsException($"'{path}' cannot be opened as a safetensors file: {error.Message}", error),
            };
        }
    }

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <returns>A new tensor in the type of the file, without gradient.</returns>
    /// <exception cref="SafetensorsException">There is no such tensor, TorchSharp has no such type, or the file was cut short since it was opened.</exception>
    public Tensor Read(string name, Device? device = null)
    {
        SafetensorsEntry entry = Entry(name);
        if (entry.ScalarType is not { } scalar)
        {
            throw new SafetensorsException($"Tensor '{name}' of '{Path}' is {entry.DType}, which TorchSharp has no type for; convert the file to F32, F16 or BF16.");
        }
        using var noGrad = torch.no_grad();
        bool isBool = scalar == torch.ScalarType.Bool;
        // A bool of a hostile file may be any byte; torch knows only 0 and 1.
        Tensor tensor = Empty(entry, isBool ? torch.ScalarType.Byte : scalar);
        try
        {
            Fill(tensor, entry);
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
        if (isBool) tensor = Replace(tensor, tensor.ne(0));
        return device is null || device.type == DeviceType.CPU ? tensor : Replace(tensor, tensor.to(device));
    }

    /// <summary>Closes the file. Tensors that were read stay valid.</summary>
    public void Dispose() => _file.Dispose();

    private SafetensorsEntry Entry(string name)
    {
        if (Entries.TryGetValue(name, out SafetensorsEntry? entry)) return entry;
        string known = Names.Count == 0 ? "it has no tensors" : $"it has {string.Join(", ", Names.Take(5).Select(n => $"'{n}'"))}{(Names.Count > 5 ? $" and {Names.Count - 5} more" : "")}";
        throw new SafetensorsException($"'{Path}' has no tensor '{name}'; {known}.");
    }

    private Tensor Empty(SafetensorsEntry entry, ScalarType scalar)
    {
        try
        {
            return torch.empty(entry.Shape.ToArray(), scalar, torch.CPU);
        }
        catch (ExternalException refused)
        {
            // The format allows [0, 2^62, 8], which needs no byte; torch cannot count its strides.
            throw new SafetensorsException($"Tensor '{entry.Name}' of '{Path}' is {entry}, which torch cannot hold: {refused.Message}", refused);
        }
    }

    /// <summary>Reads some of a tensor's elements into memory that is there, in the type of the file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="first">First element, in row-major order.</param>
    /// <param name="into">On the CPU, contiguous, in the type of the file; as many elements are read as it has.</param>
    /// <exception cref="SafetensorsException">There is no such tensor, or the file was cut short since it was opened.</exception>
    internal void ReadInto(string name, long first, Tensor into) => Fill(into, Entry(name), first);

    /// <summary>Reads some of a tensor's bytes as they are in the file; needs no libtorch.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="first">First byte, counted from the tensor's own.</param>
    /// <param name="into">As many are read as it has.</param>
    /// <exception cref="SafetensorsException">There is no such tensor or it has fewer bytes, or the file was cut short since it was opened.</exception>
    internal void ReadBytes(string name, long first, Span<byte> into)
    {
        SafetensorsEntry entry = Entry(name);
        if (first < 0 || first + into.Length > entry.ByteCount) throw new SafetensorsException($"Tensor '{name}' of '{Path}' has {entry.ByteCount} bytes; {into.Length} from {first} on were asked for.");
        ReadExactly(_file, into, _dataStart + entry.Begin + first, Path);
    }

    private void Fill(Tensor tensor, SafetensorsEntry entry, long first = 0)
    {
        long position = _dataStart + entry.Begin + first * tensor.element_size();
        using Tensor flat = tensor.view(-1);
        long elements = flat.shape[0];
        for (long start = 0; start < elements; start += ChunkElements)
        {
            using Tensor chunk = flat.narrow(0, start, Math.Min(ChunkElements, elements - start));
            Span<byte> bytes = chunk.bytes;
            ReadExactly(_file, bytes, position, Path);
            position += bytes.Length;
        }
    }

    private static (SafetensorsHeader Header, long DataStart) ReadHeader(ByteSource file)
    {
        long length = file.Length;
        if (length < sizeof(ulong)) throw new SafetensorsException($"it has {length} bytes, fewer than the 8 of the header's length");
        Span<byte> prefix = stackalloc byte[sizeof(ulong)];
        ReadExactly(file, prefix, 0, "it");
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > SafetensorsHeader.LargestHeader) throw new SafetensorsException($"its header claims {headerLength} bytes, more than the format's {SafetensorsHeader.LargestHeader}");
        if ((long)headerLength > length - sizeof(ulong)) throw new SafetensorsException($"its header claims {headerLength} bytes and the file has {length}");
        byte[] json = new byte[headerLength];
        ReadExactly(file, json, sizeof(ulong), "it");
        long dataStart = sizeof(ulong) + (long)headerLength;
        return (SafetensorsHeader.Parse(json, length - dataStart), dataStart);
    }

    private static void ReadExactly(ByteSource file, Span<byte> bytes, long position, string what)
    {
        while (!bytes.IsEmpty)
        {
            int read = file.Read(bytes, position);
            if (read == 0) throw new SafetensorsException($"'{what}' ended while it was read: another process cut it short.");
            bytes = bytes[read..];
            position += read;
        }
    }

    private static Tensor Replace(Tensor old, Tensor replacement)
    {
        old.Dispose();
        return replacement;
    }
}
