using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>The config.json of a folder that is written: the source's, byte for byte unless it would say something wrong of the weights beside it.</summary>
internal static class FolderConfig
{
    internal const string FileName = "config.json";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static void Write(string target, string? sourceFolder, ICheckpointModel? model, ScalarType? weights, bool bytes, Action<JsonObject>? configure)
    {
        string? source = sourceFolder is null ? null : Path.Combine(sourceFolder, FileName);
        if (source is not null && !File.Exists(source)) source = null;
        JsonObject config = source is null ? [] : Parse(source);
        JsonNode before = config.DeepClone();
        if (source is not null) Correct(config, model, weights, bytes);
        configure?.Invoke(config);
        string path = Path.Combine(target, FileName);
        if (source is not null && JsonNode.DeepEquals(before, config)) File.Copy(source, path);
        else if (config.Count > 0) File.WriteAllText(path, config.ToJsonString(Readable) + "\n");
    }

    private static void Correct(JsonObject config, ICheckpointModel? model, ScalarType? weights, bool bytes)
    {
        // What was int8 with scales is read as floats unless int8 was asked for.
        if (!bytes) config.Remove("quantization_config");
        else if (!JsonNode.DeepEquals(config["quantization_config"], Int8Rows())) config["quantization_config"] = Int8Rows();
        if (model is not null)
        {
            if (!(config["architectures"] is JsonArray { Count: 1 } one && one[0]?.GetValueKind() == JsonValueKind.String && one[0]!.GetValue<string>() == model.Architecture)) config["architectures"] = new JsonArray(model.Architecture);
            model.Describe(config);
        }
        string? dtype = weights switch { ScalarType.Float32 => "float32", ScalarType.BFloat16 => "bfloat16", ScalarType.Float16 => "float16", ScalarType.Float64 => "float64", _ => null };
        if (dtype is null) return;
        // "dtype" since transformers 5, which reads the older name, too; without either it takes float32.
        string key = config.ContainsKey("dtype") ? "dtype" : "torch_dtype";
        string said = config[key] is JsonValue value && value.TryGetValue(out string? text) ? text : "float32";
        if (said != dtype) config[key] = dtype;
    }

    /// <summary>int8 rows with one scale each, in the words of compressed-tensors.</summary>
    private static JsonObject Int8Rows() => new()
    {
        ["quant_method"] = "compressed-tensors",
        ["format"] = "int-quantized",
        ["config_groups"] = new JsonObject
        {
            ["group_0"] = new JsonObject
            {
                ["targets"] = new JsonArray("Linear", "Embedding"),
                ["weights"] = new JsonObject { ["num_bits"] = 8, ["type"] = "int", ["symmetric"] = true, ["strategy"] = "channel" },
            },
        },
    };

    private static JsonObject Parse(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new AdaLoRAException($"'{path}' is not a JSON object.");
        }
        catch (JsonException broken)
        {
            throw new AdaLoRAException($"'{path}' is not valid JSON: {broken.Message}", broken);
        }
    }
}
