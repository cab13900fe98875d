using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>Reads a LoRA adapter file of a Llama-family model, made by <see cref="GgufLoraWriter"/> or convert_lora_to_gguf.py, back into Hugging Face's names and order.</summary>
public static class GgufLoraReader
{
    /// <summary>Reads all pairs.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="heads">
    /// The attention heads of the model. Default: what the file says. <see cref="GgufLoraWriter"/> writes them, convert_lora_to_gguf.py does not; without them a file with queries
    /// or keys cannot be read.
    /// </param>
    /// <returns>The adapter; the caller disposes it.</returns>
    /// <exception cref="GgufException">
    /// The file is not sound, no LoRA adapter of a Llama, quantised, its heads are unknown or other than those given, or a pair is incomplete or does not fit together.
    /// </exception>
    public static GgufLora Read(string path, LlamaHeads? heads = null)
    {
        using GgufFile file = GgufFile.Open(path);
        return Read(file, heads);
    }

    /// <summary>Reads all pairs of an open file.</summary>
    internal static GgufLora Read(GgufFile file, LlamaHeads? heads)
    {
        Demand(file, GgufLoraKeys.Type, GgufLoraKeys.Adapter);
        Demand(file, GgufLoraKeys.AdapterType, GgufLoraKeys.Lora);
        Demand(file, GgufLoraKeys.Architecture, LlamaGgufKeys.Architecture);
        float alpha = file.Metadata.TryGetValue(GgufLoraKeys.Alpha, out GgufValue? value)
            ? value.Value is float single && float.IsFinite(single) ? single : throw Wrong(file, $"its {GgufLoraKeys.Alpha} is {value}, a {value.Type}, and no finite F32")
            : 0f;
        heads = HeadsOf(file, heads);
        using var scope = torch.NewDisposeScope();
        var pairs = new List<GgufLoraPair>();
        foreach (string name in Modules(file)) pairs.Add(ReadPair(file, name, heads));
        foreach (GgufLoraPair pair in pairs)
        {
            pair.A.MoveToOuterDisposeScope();
            pair.B.MoveToOuterDisposeScope();
        }
        return new GgufLora(alpha, heads, file.Metadata.GetValueOrDefault(GgufLoraKeys.Name)?.Value as string, pairs);
    }

    /// <summary>The modules in the order of their lora_a; refuses a file whose tensors are anything but pairs.</summary>
    private static List<string> Modules(GgufFile file)
    {
        var modules = new List<string>();
        foreach (string tensor in file.Names)
        {
            string suffix = tensor.EndsWith(LlamaGgufKeys.SuffixA, StringComparison.Ordinal) ? LlamaGgufKeys.SuffixA : LlamaGgufKeys.SuffixB;
            if (!tensor.EndsWith(suffix, StringComparison.Ordinal)) throw Wrong(file, $"its tensor '{tensor}' is neither a lora_a nor a lora_b");
            string name = tensor[..^suffix.Length];
            if (LlamaGgufKeys.PathOf(name) is null) throw Wrong(file, $"its tensor '{tensor}' belongs to no module of a Llama");
            string other = name + (suffix == LlamaGgufKeys.SuffixA ? LlamaGgufKeys.SuffixB : LlamaGgufKeys.SuffixA);
            if (!file.Tensors.ContainsKey(other)) throw Wrong(file, $"its tensor '{tensor}' has no '{other}' beside it");
            if (suffix == LlamaGgufKeys.SuffixA) modules.Add(name);
        }
        return modules;
    }

    private static GgufLoraPair ReadPair(GgufFile file, string name, LlamaHeads? heads)
    {
        bool embedding = name == LlamaGgufKeys.Embedding;
        GgufTensorInfo a = file.Tensors[name + LlamaGgufKeys.SuffixA], b = file.Tensors[name + LlamaGgufKeys.SuffixB];
        if (a.Shape.Count != 2 || b.Shape.Count != 2 || a.Shape[embedding ? 1 : 0] != b.Shape[1] || b.Shape[1] == 0)
        {
            throw Wrong(file, $"its pair '{name}' is {a} and {b}, which do not share a rank");
        }
        Tensor rows = file.Read(b.Name), first = file.Read(a.Name);
        if (embedding) first = first.t().contiguous();
        if (LlamaGgufKeys.Reorders(name))
        {
            if (heads is null) throw Wrong(file, $"it does not say how many heads '{name}' has; give the model's head counts");
            int count = LlamaGgufKeys.HeadsOf(name, heads)!.Value;
            if (!LlamaHeads.Fits(b.Shape[0], count)) throw Wrong(file, $"its tensor '{b.Name}' has {b.Shape[0]} rows, which are no {count} heads of an even length");
            rows = LlamaHeads.Unpermute(rows, count);
        }
        return new GgufLoraPair(LlamaGgufKeys.PathOf(name)!, first, rows);
    }

    private static LlamaHeads? HeadsOf(GgufFile file, LlamaHeads? given)
    {
        if (!file.Metadata.TryGetValue(GgufLoraKeys.HeadCount, out GgufValue? value)) return given;
        GgufValue keys = file.Metadata.GetValueOrDefault(GgufLoraKeys.KeyValueHeadCount, value);
        if (value.Value is not uint queries || keys.Value is not uint shared || queries is 0 or > int.MaxValue || shared == 0 || queries % shared != 0)
        {
            throw Wrong(file, $"its head counts are {value} and {keys}");
        }
        var heads = new LlamaHeads((int)queries, (int)shared);
        return given is null || given == heads ? heads : throw Wrong(file, $"it is of a model with {queries} and {shared} heads, not {given.HeadCount} and {given.KeyValueHeadCount}");
    }

    private static void Demand(GgufFile file, string key, string expected)
    {
        GgufValue? value = file.Metadata.GetValueOrDefault(key);
        if (value?.Value as string != expected) throw Wrong(file, $"its {key} is {value?.ToString() ?? "missing"} and not '{expected}'");
    }

    private static GgufException Wrong(GgufFile file, string what) => new($"'{file.Path}' cannot be read as the LoRA adapter of a Llama: {what}.");
}
