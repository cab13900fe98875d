using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// A GGUF file (version 2 or 3, little endian) opened for reading. The header is judged completely when it opens; the data of a tensor is read when it is asked for, from the
/// file straight into the tensor's memory. Reading from several threads is safe.
/// </summary>
public sealed class GgufFile : IDisposable
{
    /// <summary>Elements of one read: keeps byte counts below the 2 GB that a span can address.</summary>
    private const long ChunkElements = 1L << 27;

    private readonly ByteSource _source;
    private readonly GgufHeader _header;

    private GgufFile(string path, ByteSource source, GgufHeader header)
    {
        Path = path;
        _source = source;
        _header = header;
        Names = [.. header.Tensors.Keys];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Version of the format: 2 or 3.</summary>
    public int Version => (int)_header.FileVersion;

    /// <summary>What the data of every tensor starts at a multiple of, in bytes (<c>general.alignment</c>). Default of the format: 32.</summary>
    public long Alignment => _header.Alignment;

    /// <summary>The metadata by key, in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata => _header.Metadata;

    /// <summary>Names of the tensors in the order of the file.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The tensors by name, in the order of the file.</summary>
    public IReadOnlyDictionary<string, GgufTensorInfo> Tensors => _header.Tensors;

    /// <summary>Opens a file and judges its header.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="GgufException">The file is missing, a folder, unreadable, cut short, or breaks a rule of the format.</exception>
    public static GgufFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw new GgufException($"'{path}' is a folder; name the .gguf file inside it.");
        return Open(path, () => ByteSource.Open(path));
    }

    /// <summary>Opens a stream that can seek and judges its header.</summary>
    /// <param name="stream">The bytes of a GGUF file, from the stream's first byte to its last.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="leaveOpen">Whether the stream stays open when the file is disposed or refused.</param>
    /// <returns>The open file; the caller disposes it.</returns>
    /// <exception cref="GgufException">The stream is cut short or breaks a rule of the format.</exception>
    internal static GgufFile Open(Stream stream, string name, bool leaveOpen = false)
    {
        ByteSource source = ByteSource.Of(stream, leaveOpen);
        return Open(name, () => source);
    }

    /// <summary>Reads one tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <returns>A new tensor in the type of the file, without gradient.</returns>
    /// <exception cref="GgufException">There is no such tensor, it is of a type that is not read (quantised, integer, F64), or the file was cut short since it was opened.</exception>
    public Tensor Read(string name, Device? device = null)
    {
        GgufTensorInfo info = Info(name);
        if (info.ScalarType is not { } scalar)
        {
            throw new GgufException($"Tensor '{name}' of '{Path}' is {info.Type}, and only F32, F16 and BF16 are read; convert the file with --outtype f32, f16 or bf16.");
        }
        using var noGrad = torch.no_grad();
        Tensor tensor = torch.empty(info.Shape.ToArray(), scalar, torch.CPU);
        try
        {
            Fill(tensor, info);
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
        if (device is null || device.type == DeviceType.CPU) return tensor;
        using (tensor) return tensor.to(device);
    }

    /// <summary>Closes the file. Tensors that were read stay valid.</summary>
    public void Dispose() => _source.Dispose();

    private static GgufFile Open(string path, Func<ByteSource> open)
    {
        ByteSource? source = null;
        try
        {
            source = open();
            return new GgufFile(path, source, GgufHeader.Read(source));
        }
        catch (Exception error)
        {
            source?.Dispose();
            throw error switch
            {
                FileNotFoundException or DirectoryNotFoundException => new GgufException($"There is no file '{path}'.", error),
                GgufException => new GgufException($"'{path}' is not a sound GGUF file: {error.Message}. Download or convert it again.", error.InnerException ?? error),
                OverflowException => new GgufException($"'{path}' is not a sound GGUF file: its tensors end beyond 2^63 bytes. Download or convert it again.", error),
                _ => new GgufException($"'{path}' cannot be read: {error.Message}", error),
            };
        }
    }

    private GgufTensorInfo Info(string name)
    {
        if (Tensors.TryGetValue(name, out GgufTensorInfo? info)) return info;
        string known = Names.Count == 0 ? "it has no tensors" : $"it has {string.Join(", ", Names.Take(5).Select(n => $"'{n}'"))}{(Names.Count > 5 ? $" and {Names.Count - 5} more" : "")}";
        throw new GgufException($"'{Path}' has no tensor '{name}'; {known}.");
    }

    private void Fill(Tensor tensor, GgufTensorInfo info)
    {
        long position = _header.DataStart + info.Begin;
        using Tensor flat = tensor.view(-1);
        long elements = flat.shape[0];
        for (long start = 0; start < elements; start += ChunkElements)
        {
            using Tensor chunk = flat.narrow(0, start, Math.Min(ChunkElements, elements - start));
            Span<byte> bytes = chunk.bytes;
            while (!bytes.IsEmpty)
            {
                int read = _source.Read(bytes, position);
                if (read == 0) throw new GgufException($"'{Path}' ended while it was read: another process cut it short.");
                bytes = bytes[read..];
                position += read;
            }
        }
    }
}
