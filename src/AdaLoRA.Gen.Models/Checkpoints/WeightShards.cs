using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Weights cut into files as Hugging Face cuts them: in the model's order, a new file where the next tensor would pass the limit.</summary>
internal static class WeightShards
{
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes model.safetensors, or model-00001-of-0000N.safetensors and so on with their index.</summary>
    internal static void Write(string folder, IReadOnlyList<(string Key, Tensor Value)> tensors, long shardBytes)
    {
        List<List<(string Key, Tensor Value)>> shards = Cut(tensors, shardBytes);
        string[] names = [.. Enumerable.Range(1, shards.Count).Select(i => shards.Count == 1
            ? HuggingFaceCheckpoint.SingleFile
            : string.Create(CultureInfo.InvariantCulture, $"model-{i:D5}-of-{shards.Count:D5}.safetensors"))];
        for (int i = 0; i < shards.Count; i++)
        {
            SafetensorsWriter.Write(Path.Combine(folder, names[i]), shards[i].Select(tensor => KeyValuePair.Create(tensor.Key, tensor.Value)));
        }
        if (shards.Count > 1) WriteIndex(Path.Combine(folder, HuggingFaceCheckpoint.IndexFile), shards, names);
    }

    private static List<List<(string Key, Tensor Value)>> Cut(IReadOnlyList<(string Key, Tensor Value)> tensors, long shardBytes)
    {
        List<List<(string, Tensor)>> shards = [[]];
        long size = 0;
        foreach ((string key, Tensor value) in tensors)
        {
            long bytes = Bytes(value);
            if (size > 0 && size + bytes > shardBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add((key, value));
            size += bytes;
        }
        return shards;
    }

    private static void WriteIndex(string path, List<List<(string Key, Tensor Value)>> shards, string[] names)
    {
        using FileStream file = File.Create(path);
        using var json = new Utf8JsonWriter(file, Readable);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", shards.Sum(shard => shard.Sum(tensor => Bytes(tensor.Value))));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach ((string key, string name) in shards.SelectMany((shard, i) => shard.Select(tensor => (tensor.Key, names[i]))).OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();
}
