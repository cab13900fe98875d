using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using AdaLoRA.Gen.Tool.Files;
using AdaLoRA.Gen.Tool.Merging;

namespace AdaLoRA.Gen.Tool.Exporting;

/// <summary>Writes the file that llama.cpp loads with --lora, as the run time's SaveAsGguf does.</summary>
internal static class GgufExport
{
    /// <summary>Model types of transformers that are llama.cpp's architecture "llama".</summary>
    private static readonly string[] Family = ["llama", "mistral"];

    public static void Write(AdapterFolder adapter, List<PlainForm> forms, string? baseFolder, LlamaHeads heads, string output, string? name)
    {
        RequireNothingElse(adapter, forms, baseFolder);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(output))!);
        GgufLoraWriter.WriteMatrices(output, heads, alpha: 0, forms.Select(f => (f.Target.Path, new FloatMatrix(Factors.Narrow(f.A), f.Target.Rank, f.Target.In), new FloatMatrix(Factors.Narrow(f.B), f.Target.Out, f.Target.Rank))), name);
    }

    /// <summary>The attention heads: as given, else from the base model's config.json.</summary>
    /// <exception cref="AdaLoRAException">They are not known, or the model is none that llama.cpp calls a Llama.</exception>
    public static LlamaHeads Heads(string? baseFolder, int? queries, int? keys)
    {
        if (queries is { } given) return new LlamaHeads(given, keys ?? given);
        if (baseFolder is null) throw new AdaLoRAException("llama.cpp reorders the rows of queries and keys by the model's attention heads; name the base model with --base, or give --heads and --kv-heads.");
        using var config = ConfigFile.Open(baseFolder);
        string type = config.Text("model_type", "llama");
        if (!Family.Contains(type)) throw config.Refuse($"has model_type '{type}'; a GGUF adapter can be written for {string.Join(" and ", Family)}");
        int count = (int)config.Integer("num_attention_heads", 32);
        return new LlamaHeads(count, (int)(config.OptionalInteger("num_key_value_heads") ?? count));
    }

    private static void RequireNothingElse(AdapterFolder adapter, List<PlainForm> forms, string? baseFolder)
    {
        using var checkpoint = baseFolder is null ? null : HuggingFaceCheckpoint.Open(baseFolder);
        var names = checkpoint is null ? null : BaseNames.Find(adapter, checkpoint);
        foreach (string name in adapter.Saved.Keys.Concat(adapter.Beside))
        {
            // A weight that PEFT saved along with an adapted embedding is mostly the base's own.
            if (names?.Of(name) is { } own && adapter.Saved.TryGetValue(name, out string? key) && checkpoint!.Names.Contains(own) && SameAsBase(adapter, key, checkpoint, own)) continue;
            throw new AdaLoRAException($"'{name}' of '{adapter.Folder}' was trained in full, which a GGUF adapter cannot hold; merge the adapters and convert the whole model instead.{(checkpoint is null ? " If it is only the base's own value that came along, name the base model with --base." : "")}");
        }
        if (names is null) return;
        foreach (var form in forms)
        {
            if (TiedWeights.Why(baseFolder!, checkpoint!.Names.ToList(), names.Of(form.Target.Path + ".weight")!, form.IsEmbedding) is { } why) throw new AdaLoRAException($"{why}: llama.cpp would apply the adapter in both places; leave '{form.Target.Path}' out of the targets, or untie the weights.");
        }
    }

    private static bool SameAsBase(AdapterFolder adapter, string key, HuggingFaceCheckpoint checkpoint, string own)
    {
        var entry = checkpoint.EntryOf(own);
        if (!entry.Shape.SequenceEqual(adapter.Entry(key).Shape) || !Elements.IsFloat(entry.DType)) return false;
        byte[] bytes = new byte[entry.ByteCount];
        checkpoint.ReadBytes(own, 0, bytes);
        double[] values = new double[bytes.Length / Elements.Size(entry.DType)];
        Elements.Read(entry.DType, bytes, values);
        return values.AsSpan().SequenceEqual(adapter.Read(key));
    }
}
