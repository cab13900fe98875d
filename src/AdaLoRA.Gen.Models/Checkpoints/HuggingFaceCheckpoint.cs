using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// The weights of a Hugging Face folder, one file or shards, read tensor by tensor. Matrices stored as int8 with one float scale a row (<c>name</c> and <c>name_scale</c>
/// [rows, 1], the form of compressed-tensors) appear as the float matrices that they stand for.
/// </summary>
public sealed class HuggingFaceCheckpoint : IDisposable
{
    internal const string SingleFile = "model.safetensors";
    internal const string IndexFile = "model.safetensors.index.json";
    internal const string ScaleSuffix = "_scale";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _owner = new(StringComparer.Ordinal);

    private HuggingFaceCheckpoint(string path) => Path = path;

    /// <summary>The file or the index that was opened.</summary>
    public string Path { get; }

    /// <summary>Names of the tensors; scales are no tensors of their own.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>Opens a folder, or one .safetensors file.</summary>
    /// <param name="folderOrFile">A folder with model.safetensors or model.safetensors.index.json, or the path of a file.</param>
    /// <returns>The open checkpoint; the caller disposes it.</returns>
    /// <exception cref="SafetensorsException">A file is missing or damaged.</exception>
    /// <exception cref="AdaLoRAException">The folder has no safetensors weights, or its index is damaged.</exception>
    public static HuggingFaceCheckpoint Open(string folderOrFile)
    {
        ArgumentException.ThrowIfNullOrEmpty(folderOrFile);
        if (!Directory.Exists(folderOrFile)) return OpenFiles(folderOrFile, [folderOrFile], null);
        string single = System.IO.Path.Combine(folderOrFile, SingleFile), index = System.IO.Path.Combine(folderOrFile, IndexFile);
        if (File.Exists(single)) return OpenFiles(single, [single], null);
        if (!File.Exists(index))
        {
            bool pickled = Directory.EnumerateFiles(folderOrFile, "*.bin").Any();
            throw new AdaLoRAException($"'{folderOrFile}' has neither {SingleFile} nor {IndexFile}{(pickled ? "; its .bin files are Python pickles, which can run code: convert them with model.save_pretrained(…, safe_serialization=True)" : "")}.");
        }
        Dictionary<string, string> map = ReadIndex(index);
        return OpenFiles(index, map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(shard => System.IO.Path.Combine(folderOrFile, shard)), map);
    }

    /// <summary>Whether a folder has weights that <see cref="Open"/> would find.</summary>
    internal static bool IsIn(string folder) => File.Exists(System.IO.Path.Combine(folder, SingleFile)) || File.Exists(System.IO.Path.Combine(folder, IndexFile));

    /// <summary>Sizes of a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its dimensions.</returns>
    public IReadOnlyList<long> ShapeOf(string name) => Owner(name).Entries[name].Shape;

    /// <summary>Reads a tensor in the type that the reader wants.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Wanted type. Default: the file's; float32 for int8 with a scale.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <returns>A new tensor without gradient, out of every dispose scope.</returns>
    /// <exception cref="SafetensorsException">There is no such tensor, or it cannot be read.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        SafetensorsFile file = Owner(name);
        SafetensorsEntry entry = file.Entries[name];
        Tensor? scales = ScalesOf(name, entry);
        ScalarType? wanted = dtype ?? (scales is null ? entry.ScalarType : ScalarType.Float32);
        Tensor result;
        if (CanBePieced(entry, scales) && !(wanted == entry.ScalarType && scales is null))
        {
            result = torch.empty(entry.Shape.ToArray(), wanted!.Value, torch.CPU);
            ChunkedRead.Fill(result, file, name, scales);
        }
        else
        {
            result = file.Read(name);
            if (scales is not null) result = result.to(ScalarType.Float32).mul_(scales);
        }
        return result.to(wanted ?? result.dtype, device ?? torch.CPU).DetachFromDisposeScope();
    }

    /// <summary>The bytes and scales of a matrix that is stored as int8, in the caller's dispose scope; null for one that is stored as floats.</summary>
    internal (Tensor Bytes, Tensor Scale)? ReadInt8(string name, Device device)
    {
        SafetensorsFile owner = Owner(name);
        if (owner.Entries[name].DType != "I8" || !_owner.TryGetValue(name + ScaleSuffix, out SafetensorsFile? scales)) return null;
        return (owner.Read(name).to(device), scales.Read(name + ScaleSuffix).to(ScalarType.Float32, device));
    }

    /// <summary>Reads a tensor into one that is there, in that one's type and on its device, without a copy between where that one is contiguous on the CPU.</summary>
    internal void ReadInto(string name, Tensor target)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        SafetensorsFile file = Owner(name);
        SafetensorsEntry entry = file.Entries[name];
        Tensor? scales = ScalesOf(name, entry);
        if (target.device_type == DeviceType.CPU && target.is_contiguous() && CanBePieced(entry, scales)) ChunkedRead.Fill(target, file, name, scales);
        else target.copy_(Read(name, target.dtype));
    }

    /// <summary>A tensor as its file describes it.</summary>
    internal SafetensorsEntry EntryOf(string name) => Owner(name).Entries[name];

    /// <summary>Name of the scales of a matrix that is stored as int8 with one float a row; null for others.</summary>
    internal string? ScaleNameOf(string name) => EntryOf(name).DType == "I8" && _owner.ContainsKey(name + ScaleSuffix) ? name + ScaleSuffix : null;

    /// <summary>Names in the order of the files and of the data in them, scales among them.</summary>
    internal IEnumerable<string> NamesInFileOrder => _files.SelectMany(file => file.Names);

    /// <summary>Reads some of a tensor's bytes as they are in its file; needs no libtorch.</summary>
    internal void ReadBytes(string name, long first, Span<byte> into) => Owner(name).ReadBytes(name, first, into);

    /// <summary>Booleans are checked byte by byte, and a type that TorchSharp does not know is refused, by the file; other scales than one a row are left to torch's broadcasting.</summary>
    private static bool CanBePieced(SafetensorsEntry entry, Tensor? scales) =>
        entry.ScalarType is not (null or ScalarType.Bool) && (scales is null || (entry.Shape.Count == 2 && scales.shape.SequenceEqual([entry.Shape[0], 1])));

    private Tensor? ScalesOf(string name, SafetensorsEntry entry) =>
        entry.ScalarType == ScalarType.Int8 && _owner.TryGetValue(name + ScaleSuffix, out SafetensorsFile? file) ? file.Read(name + ScaleSuffix).to(ScalarType.Float32) : null;

    /// <summary>Why a tensor cannot become a floating-point weight, or null when it can.</summary>
    internal string? Objection(string name)
    {
        SafetensorsEntry entry = Owner(name).Entries[name];
        if (entry.ScalarType is null) return $"{name} is {entry.DType}, for which TorchSharp has no type";
        if (entry.DType != "I8") return null;
        if (!_owner.TryGetValue(name + ScaleSuffix, out SafetensorsFile? file)) return $"{name} is I8 without {name}{ScaleSuffix}";
        SafetensorsEntry scale = file.Entries[name + ScaleSuffix];
        bool byRow = entry.Shape.Count == 2 && scale.Shape.SequenceEqual([entry.Shape[0], 1]) && scale.DType is "F32" or "F16" or "BF16";
        return byRow ? null : $"{name}{ScaleSuffix} is {scale}, which is not one float a row of {name} {entry}";
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafetensorsFile Owner(string name) => _owner.GetValueOrDefault(name) ?? throw new SafetensorsException($"'{Path}' has no tensor '{name}'.");

    private static HuggingFaceCheckpoint OpenFiles(string path, IEnumerable<string> files, Dictionary<string, string>? map)
    {
        var checkpoint = new HuggingFaceCheckpoint(path);
        try
        {
            foreach (string one in files)
            {
                SafetensorsFile file = SafetensorsFile.Open(one);
                checkpoint._files.Add(file);
                foreach (string name in file.Names)
                {
                    if (!checkpoint._owner.TryAdd(name, file)) throw new AdaLoRAException($"'{path}' has the tensor '{name}' in two shards.");
                }
            }
            string? lost = map?.Keys.FirstOrDefault(name => !checkpoint._owner.ContainsKey(name));
            if (lost is not null) throw new AdaLoRAException($"'{path}' lists the tensor '{lost}' in '{map![lost]}', which does not have it.");
            checkpoint.Names = [.. checkpoint._owner.Keys.Where(name => !checkpoint.IsScale(name)).Order(StringComparer.Ordinal)];
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    private bool IsScale(string name) => name.EndsWith(ScaleSuffix, StringComparison.Ordinal)
        && _owner.TryGetValue(name[..^ScaleSuffix.Length], out SafetensorsFile? scaled) && scaled.Entries[name[..^ScaleSuffix.Length]].DType == "I8";

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            Dictionary<string, string> map = json.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString() ?? "");
            // A shard's name is a file beside the index, never a way out of the folder.
            string? outside = map.Values.FirstOrDefault(shard => shard.Length == 0 || System.IO.Path.GetFileName(shard) != shard);
            return outside is null ? map : throw new AdaLoRAException($"'{path}' names the shard '{outside}', which is not a file beside it.");
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            throw broken as AdaLoRAException ?? new AdaLoRAException($"'{path}' is not an index of shards: {broken.Message}", broken);
        }
    }
}
