using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// Writes the LoRA adapter of a Llama-family model as the GGUF file that llama.cpp and LLamaSharp load (what convert_lora_to_gguf.py of llama.cpp makes of a PEFT folder).
/// </summary>
/// <remarks>
/// llama.cpp adds <c>s·B·A</c> to a weight, where (llama_adapter_lora_weight::get_scale in src/llama-adapter.h, the same in tools/export-lora) <c>s = userScale</c> if alpha is 0
/// and else <c>userScale·alpha / rank</c>, with the rank of that very pair. One alpha fits pairs of different ranks therefore in one way that rounds nothing: alpha = 0 and every
/// scale inside A.
/// </remarks>
public static class GgufLoraWriter
{
    /// <summary>Writes an adapter to a file, replacing one that is there.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="heads">The attention heads of the model.</param>
    /// <param name="alpha">
    /// <c>lora_alpha</c>: every pair counts alpha / its rank times. 0: A and B are whole as they are, which is right when the scale is inside A, whatever the ranks.
    /// </param>
    /// <param name="adapters">
    /// For every adapted module its path as Hugging Face has it (<c>model.layers.0.self_attn.q_proj</c>), A [rank, in] and B [out, rank]; of <c>model.embed_tokens</c>
    /// A [rank, vocabulary] and B [hidden, rank]. F32, F16 or BF16, on any device; ranks may differ. Pairs of rank 0 change nothing and are left away. They stay the caller's.
    /// </param>
    /// <param name="name">What the file is called by people (<c>general.name</c>). Default: no name.</param>
    /// <exception cref="AdaLoRAException">A path is none of Llama's modules or there twice, shapes do not fit, alpha is not finite, or there is nothing to write.</exception>
    /// <exception cref="GgufException">A tensor is of another type, or the file cannot be written.</exception>
    public static void Write(string path, LlamaHeads heads, float alpha, IEnumerable<(string Path, Tensor A, Tensor B)> adapters, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(heads);
        ArgumentNullException.ThrowIfNull(adapters);
        using var scope = torch.NewDisposeScope();
        WritePairs(path, heads, alpha, adapters.Select(pair => new Pair(
            pair.Path,
            pair.A.shape,
            pair.B.shape,
            (tensor, turned) => GgufWriter.OfTensor(path, tensor, turned ? pair.A.detach().t() : pair.A),
            (tensor, count) => GgufWriter.OfTensor(path, tensor, count is { } own ? LlamaHeads.Permute(pair.B, own) : pair.B))), name);
    }

    /// <summary>As the other, of matrices in memory; needs no libtorch.</summary>
    internal static void WriteMatrices(string path, LlamaHeads heads, float alpha, IEnumerable<(string Path, FloatMatrix A, FloatMatrix B)> adapters, string? name = null) =>
        WritePairs(path, heads, alpha, adapters.Select(pair => new Pair(
            pair.Path,
            [pair.A.Rows, pair.A.Columns],
            [pair.B.Rows, pair.B.Columns],
            (tensor, turned) => GgufWrittenTensor.Of(tensor, turned ? pair.A.Transposed() : pair.A),
            (tensor, count) => GgufWrittenTensor.Of(tensor, count is { } own ? LlamaHeads.Permute(pair.B, own) : pair.B))), name);

    /// <summary>One adapter, whatever holds its numbers.</summary>
    /// <param name="Module">Path as Hugging Face has it.</param>
    /// <param name="A">Sizes of A.</param>
    /// <param name="B">Sizes of B.</param>
    /// <param name="MakeA">A under a name, rows and columns exchanged or not.</param>
    /// <param name="MakeB">B under a name, its rows reordered for so many heads or not.</param>
    private sealed record Pair(string Module, long[] A, long[] B, Func<string, bool, GgufWrittenTensor> MakeA, Func<string, int?, GgufWrittenTensor> MakeB);

    private static void WritePairs(string path, LlamaHeads heads, float alpha, IEnumerable<Pair> adapters, string? name)
    {
        if (!float.IsFinite(alpha)) throw new AdaLoRAException($"The alpha of '{path}' is {alpha}; give a finite one, or 0 if the scale is inside A.");
        List<Pair> pairs = [.. adapters];
        var tensors = new List<GgufWrittenTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (Pair pair in pairs)
        {
            string ggml = LlamaGgufKeys.NameOf(pair.Module)
                ?? throw new AdaLoRAException($"llama.cpp has no tensor for the adapter of '{pair.Module}'; only the linear layers, the embedding and the head of Llama can be written.");
            if (!names.Add(ggml)) throw new AdaLoRAException($"Two adapters are for '{pair.Module}'; llama.cpp takes one.");
            Check(pair, ggml, heads);
            if (pair.A[0] == 0) continue;
            // An embedding's A is looked up by rows: convert_lora_to_gguf.py transposes it.
            tensors.Add(pair.MakeA(ggml + LlamaGgufKeys.SuffixA, ggml == LlamaGgufKeys.Embedding));
            tensors.Add(pair.MakeB(ggml + LlamaGgufKeys.SuffixB, LlamaGgufKeys.HeadsOf(ggml, heads)));
        }
        if (tensors.Count == 0) throw new AdaLoRAException($"There is nothing to write into '{path}': {(pairs.Count == 0 ? "no adapter was given" : "every adapter has rank 0")}.");
        GgufWriter.WriteStreamed(path, Metadata(heads, alpha, tensors, name), tensors);
    }

    private static void Check(Pair pair, string ggml, LlamaHeads heads)
    {
        var (module, a, b) = (pair.Module, pair.A, pair.B);
        if (a.Length != 2 || b.Length != 2 || a[0] != b[1])
        {
            throw new AdaLoRAException($"The adapter of '{module}' has A [{string.Join(", ", a)}] and B [{string.Join(", ", b)}]; they must be [rank, in] and [out, rank].");
        }
        if (LlamaGgufKeys.HeadsOf(ggml, heads) is { } count && !LlamaHeads.Fits(b[0], count))
        {
            throw new AdaLoRAException($"The adapter of '{module}' has {b[0]} rows, which are no {count} heads of an even length; give the model's own head counts.");
        }
    }

    private static OrderedDictionary<string, GgufValue> Metadata(LlamaHeads heads, float alpha, List<GgufWrittenTensor> tensors, string? name)
    {
        var metadata = new OrderedDictionary<string, GgufValue>
        {
            [GgufLoraKeys.Architecture] = GgufValue.Of(LlamaGgufKeys.Architecture),
            [GgufLoraKeys.Type] = GgufValue.Of(GgufLoraKeys.Adapter),
            [GgufLoraKeys.AdapterType] = GgufValue.Of(GgufLoraKeys.Lora),
            [GgufLoraKeys.Alpha] = GgufValue.Of(alpha),
        };
        if (name is not null) metadata[GgufLoraKeys.Name] = GgufValue.Of(name);
        metadata[GgufLoraKeys.HeadCount] = GgufValue.Of((uint)heads.HeadCount);
        metadata[GgufLoraKeys.KeyValueHeadCount] = GgufValue.Of((uint)heads.KeyValueHeadCount);
        if (FileType(tensors) is { } type) metadata[GgufLoraKeys.FileType] = GgufValue.Of(type);
        return metadata;
    }

    /// <summary>llama_ftype of include/llama.h: all F32, mostly F16, mostly BF16; none for a mixture.</summary>
    private static uint? FileType(List<GgufWrittenTensor> tensors)
    {
        GgmlType type = tensors[0].Type;
        if (tensors.Any(tensor => tensor.Type != type)) return null;
        return type.Name switch { "F32" => 0, "F16" => 1, "BF16" => 32, _ => null };
    }
}
