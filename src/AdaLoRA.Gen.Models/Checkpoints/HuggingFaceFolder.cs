using System.Text.Json.Nodes;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Writes whole models as folders that Hugging Face's libraries, and <c>FromPretrained</c> here, open.</summary>
public static class HuggingFaceFolder
{
    private static readonly string[] WeightEnds = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack", ".onnx", ".onnx_data", ".gguf", ".ot", ".npz", ".tflite", ".mlmodel", ".index.json"];

    /// <summary>
    /// Writes the weights, config.json and the files beside it into a new folder. The folder appears when it is complete; a failure leaves nothing.
    /// </summary>
    /// <param name="model">
    /// The model; its parameters and persistent buffers are written as they are, in their types, each once. Adapters are no part of a whole model and are left out: merge them
    /// into the weights before, or switch them off to write the base. Of a module around a backbone, pass the backbone.
    /// </param>
    /// <param name="folder">A folder that is not there yet, or is empty.</param>
    /// <param name="sourceFolder">
    /// The Hugging Face folder that the model was opened from. Its keys name the tensors (where it has one for all of them, else the model's names do), its config.json is taken
    /// over, with <c>dtype</c>, <c>architectures</c>, labels and <c>quantization_config</c> set right where the weights are others now; every other file that holds no weights
    /// (tokenizer, sub-folders) is copied. Weights of the source that the model has not are not carried over. Null (default): weights alone.
    /// </param>
    /// <param name="shardBytes">Size above which weights are cut into model-00001-of-0000N.safetensors with model.safetensors.index.json, in bytes. Default: 5 GB.</param>
    /// <param name="mapping">How keys become the model's names. Default: the mapping of the model's class; for other modules, keys are names.</param>
    /// <param name="configure">Changes config.json before it is written; without a source it starts empty.</param>
    /// <exception cref="AdaLoRAException">The model has adapters that are switched on and not merged, the folder has files, the source is missing or damaged, or something cannot be written.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file cannot be written, or one of the source cannot be read.</exception>
    public static void Write(nn.Module model, string folder, string? sourceFolder = null, long shardBytes = 5_000_000_000, CheckpointMapping? mapping = null, Action<JsonObject>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(shardBytes, 1);
        if (AdapterSet.All(model).FirstOrDefault(s => s.IsActive && !s.IsMerged) is { } set)
        {
            throw new AdaLoRAException($"{model.GetType().Name} has adapters '{set.Name}' that are not merged, so '{folder}' would hold the base model without them; call Merge() first, or Deactivate() to write the base.");
        }
        if (sourceFolder is not null && !Directory.Exists(sourceFolder)) throw new AdaLoRAException($"There is no folder '{sourceFolder}' to take config.json and the tokenizer from.");
        using var scope = torch.NewDisposeScope();
        var known = model as ICheckpointModel;
        List<(string Key, Tensor Value)> tensors = Tensors(model, mapping ?? known?.Mapping ?? CheckpointMapping.Identity, sourceFolder);
        if (tensors.Count == 0) throw new AdaLoRAException($"{model.GetName()} has no parameters to write.");
        ScalarType? dtype = tensors.Where(tensor => tensor.Value.is_floating_point()).GroupBy(tensor => tensor.Value.dtype).OrderByDescending(group => group.Sum(tensor => tensor.Value.numel())).FirstOrDefault()?.Key;
        Write(folder, sourceFolder, known, dtype, tensors.Exists(tensor => tensor.Value.dtype == ScalarType.Int8), configure, [.. tensors.Select(tensor => SafetensorsWriter.OfTensor(folder, tensor.Key, tensor.Value))], shardBytes);
    }

    /// <summary>Writes tensors whose bytes are made while they are written; needs no libtorch.</summary>
    /// <param name="folder">A folder that is not there yet, or is empty.</param>
    /// <param name="sourceFolder">Where config.json and the files beside it come from.</param>
    /// <param name="known">The model, if it is one of this library's; its class and sizes go into config.json.</param>
    /// <param name="dtype">The type that most of the floats have.</param>
    /// <param name="bytes">Whether matrices are int8.</param>
    /// <param name="configure">Changes config.json before it is written.</param>
    /// <param name="tensors">The tensors, in the order in which they are cut into shards.</param>
    /// <param name="shardBytes">Size above which they are cut.</param>
    internal static void Write(string folder, string? sourceFolder, ICheckpointModel? known, ScalarType? dtype, bool bytes, Action<JsonObject>? configure, IReadOnlyList<WrittenTensor> tensors, long shardBytes)
    {
        // Listed before the new folder is there, which may stand inside the source.
        string[] beside = sourceFolder is null ? [] : [.. Beside(sourceFolder, "")];
        Create(folder, temporary =>
        {
            foreach (string file in beside)
            {
                string copy = Path.Combine(temporary, file);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(Path.Combine(sourceFolder!, file), copy);
            }
            FolderConfig.Write(temporary, sourceFolder, known, dtype, bytes, configure);
            WeightShards.Write(temporary, tensors, shardBytes);
        });
    }

    private static List<(string Key, Tensor Value)> Tensors(nn.Module model, CheckpointMapping mapping, string? sourceFolder)
    {
        using HuggingFaceCheckpoint? source = sourceFolder is not null && HuggingFaceCheckpoint.IsIn(sourceFolder) ? HuggingFaceCheckpoint.Open(sourceFolder) : null;
        return FolderTensors.Of(model, mapping, source);
    }

    /// <summary>Paths of the files that hold no weights. An adapter_config.json would make transformers look for an adapter; hidden files are a version control's.</summary>
    private static IEnumerable<string> Beside(string root, string below)
    {
        var here = new DirectoryInfo(Path.Combine(root, below));
        foreach (FileInfo file in here.EnumerateFiles())
        {
            bool left = file.Name.StartsWith('.') || Array.Exists(WeightEnds, end => file.Name.EndsWith(end, StringComparison.OrdinalIgnoreCase))
                || file.Name is "adapter_config.json" || (below.Length == 0 && file.Name == FolderConfig.FileName);
            if (!left) yield return Path.Combine(below, file.Name);
        }
        foreach (DirectoryInfo inner in here.EnumerateDirectories().Where(one => !one.Name.StartsWith('.') && one.LinkTarget is null))
        {
            foreach (string file in Beside(root, Path.Combine(below, inner.Name))) yield return file;
        }
    }

    /// <summary>Fills a folder that is not there yet, or is empty.</summary>
    private static void Create(string folder, Action<string> write)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target)) throw new AdaLoRAException($"'{folder}' is a file; name a folder to write the model into.");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
        {
            throw new AdaLoRAException($"'{folder}' is not empty: old shards beside new ones would make a wrong model. Name a new folder, or delete it first.");
        }
        try
        {
            // An empty one is in the way of the rename.
            if (Directory.Exists(target)) Directory.Delete(target);
            AtomicFolder.Write(target, [], temporary =>
            {
                write(temporary);
                Flush(temporary);
            });
        }
        catch (Exception error) when (error is (IOException or UnauthorizedAccessException) and not SafetensorsException)
        {
            throw new AdaLoRAException($"'{folder}' cannot be written: {error.Message}", error);
        }
    }

    /// <summary>The files below a folder are on the disk before it gets its name.</summary>
    private static void Flush(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            // A copied file may be read-only.
            if ((File.GetAttributes(file) & FileAttributes.ReadOnly) != 0) File.SetAttributes(file, FileAttributes.Normal);
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Write);
            stream.Flush(flushToDisk: true);
        }
        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            Flush(inner);
            FolderSync.Flush(inner);
        }
    }
}
