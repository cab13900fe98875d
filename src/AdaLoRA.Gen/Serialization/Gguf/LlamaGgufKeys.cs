using System.Globalization;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// The tensor names of llama.cpp for Hugging Face's Llama, Mistral and their kin (gguf-py/gguf/tensor_mapping.py of llama.cpp, architecture "llama"). A module's adapter is the
/// pair <c>&lt;name&gt;.weight.lora_a</c> and <c>.lora_b</c>.
/// </summary>
internal static class LlamaGgufKeys
{
    internal const string Architecture = "llama";
    internal const string Embedding = "token_embd";
    internal const string SuffixA = ".weight.lora_a", SuffixB = ".weight.lora_b";

    private const string Model = "model.", Layers = "model.layers.", Block = "blk.";

    private static readonly Dictionary<string, string> InBlock = new()
    {
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v", ["self_attn.o_proj"] = "attn_output",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
    };

    private static readonly Dictionary<string, string> Outside = new() { ["model.embed_tokens"] = Embedding, ["lm_head"] = "output" };
    private static readonly Dictionary<string, string> InLayer = InBlock.ToDictionary(pair => pair.Value, pair => pair.Key);
    private static readonly Dictionary<string, string> OutsideBack = Outside.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>llama.cpp's name of a module (<c>blk.0.attn_q</c>), or null if it has none.</summary>
    /// <param name="path">Path as Hugging Face has it; <c>model.</c> may be missing, as in models without a head.</param>
    internal static string? NameOf(string path)
    {
        string full = path.StartsWith("layers.", StringComparison.Ordinal) || path == "embed_tokens" ? Model + path : path;
        if (Outside.TryGetValue(full, out string? outside)) return outside;
        return TrySplit(full, Layers, out string layer, out string module) && InBlock.TryGetValue(module, out string? name) ? $"{Block}{layer}.{name}" : null;
    }

    /// <summary>The module's path as Hugging Face has it, or null if the name is none of the map.</summary>
    internal static string? PathOf(string name)
    {
        if (OutsideBack.TryGetValue(name, out string? outside)) return outside;
        return TrySplit(name, Block, out string layer, out string module) && InLayer.TryGetValue(module, out string? path) ? $"{Layers}{layer}.{path}" : null;
    }

    /// <summary>The heads by which llama.cpp reorders the rows of a tensor; null if it leaves them as they are.</summary>
    internal static int? HeadsOf(string name, LlamaHeads heads) => Reorders(name) ? name.EndsWith("_q", StringComparison.Ordinal) ? heads.HeadCount : heads.KeyValueHeadCount : null;

    /// <summary>Whether llama.cpp reorders the rows of a tensor: queries and keys.</summary>
    internal static bool Reorders(string name) => name.EndsWith(".attn_q", StringComparison.Ordinal) || name.EndsWith(".attn_k", StringComparison.Ordinal);

    private static bool TrySplit(string text, string prefix, out string layer, out string module)
    {
        (layer, module) = ("", "");
        if (!text.StartsWith(prefix, StringComparison.Ordinal)) return false;
        int dot = text.IndexOf('.', prefix.Length);
        if (dot < 0) return false;
        (layer, module) = (text[prefix.Length..dot], text[(dot + 1)..]);
        // 007 and 7 would be two names of one tensor.
        return int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number.ToString(CultureInfo.InvariantCulture) == layer;
    }
}
