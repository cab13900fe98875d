using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Models;

/// <summary>Weights cut into files as Hugging Face cuts them: in the model's order, a new file where the next tensor would pass the limit.</summary>
internal static class WeightShards
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes model.safetensors, or model-00001-of-0000N.safetensors and so on with their index.</summary>
    internal static void Write(string folder, IReadOnlyList<WrittenTensor> tensors, long shardBytes)
    {
        List<List<WrittenTensor>> shards = Cut(tensors, shardBytes);
        string[] names = [.. Enumerable.Range(1, shards.Count).Select(i => shards.Count == 1
            ? HuggingFaceCheckpoint.SingleFile
            : string.Create(CultureInfo.InvariantCulture, $"model-{i:D5}-of-{shards.Count:D5}.safetensors"))];
        for (int i = 0; i < shards.Count; i++)
        {
            SafetensorsWriter.WriteStreamed(Path.Combine(folder, names[i]), shards[i]);
        }
        if (shards.Count > 1) WriteIndex(Path.Combine(folder, HuggingFaceCheckpoint.IndexFile), shards, names);
    }

    private static List<List<WrittenTensor>> Cut(IReadOnlyList<WrittenTensor> tensors, long shardBytes)
    {
        List<List<WrittenTensor>> shards = [[]];
        long size = 0;
        foreach (WrittenTensor tensor in tensors)
        {
            long bytes = tensor.ByteCount;
            if (size > 0 && size + bytes > shardBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(tensor);
            size += bytes;
        }
        return shards;
    }

    private static void WriteIndex(string path, List<List<WrittenTensor>> shards, string[] names)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, Readable);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => tensor.ByteCount)));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string key, string name) in shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Name, names[i]))).OrderBy(pair => pair.Name, StringComparer.Ordinal)) json.WriteString(key, name);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
