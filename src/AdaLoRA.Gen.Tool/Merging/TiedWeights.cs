using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;

namespace AdaLoRA.Gen.Tool.Merging;

/// <summary>Whether a model uses its embedding a second time, as its head: what is added there for one place is added to the other.</summary>
internal static class TiedWeights
{
    private static readonly string[] Heads = ["lm_head.weight", "cls.predictions.decoder.weight", "embed_out.weight", "output.weight"];

    /// <summary>Why a target must not be merged; null when its weight is its own.</summary>
    /// <param name="folder">The base model.</param>
    /// <param name="weights">Names of the tensors of the base.</param>
    /// <param name="name">The target's weight in the base.</param>
    /// <param name="isEmbedding">Whether it is an embedding of words.</param>
    public static string? Why(string folder, IReadOnlyCollection<string> weights, string name, bool isEmbedding)
    {
        bool isHead = Heads.Any(head => IsOrEndsWith(name, head));
        if ((!isEmbedding && !isHead) || !AreTied(folder, out bool said)) return null;
        // What the file says must hold; where it says nothing, a head of its own in the weights shows that it is not tied.
        if (!said && weights.Any(w => Heads.Any(head => IsOrEndsWith(w, head)))) return null;
        return $"'{name}' is used a second time by the model of '{folder}' (tied weights)";
    }

    private static bool IsOrEndsWith(string name, string end) => name == end || name.EndsWith("." + end, StringComparison.Ordinal);

    /// <summary>transformers ties unless the config says otherwise, if the model has a head over words at all.</summary>
    private static bool AreTied(string folder, out bool said)
    {
        said = false;
        string path = Path.Combine(folder, FolderConfig.FileName);
        if (!File.Exists(path)) return false;
        JsonObject config;
        try
        {
            config = StrictJson.ReadObject(path) ?? throw new AdaLoRAException($"'{path}' is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new AdaLoRAException($"'{path}' is not valid JSON: {e.Message}", e);
        }
        if (config["tie_word_embeddings"] is JsonValue value && value.TryGetValue(out bool tied))
        {
            said = true;
            if (!tied) return false;
        }
        return config["architectures"] is JsonArray list && list.OfType<JsonValue>().Any(one => one.TryGetValue(out string? name)
            && (name.Contains("LMHead", StringComparison.Ordinal) || name.EndsWith("ForCausalLM", StringComparison.Ordinal) || name.EndsWith("ForMaskedLM", StringComparison.Ordinal) || name.EndsWith("ForConditionalGeneration", StringComparison.Ordinal)));
    }
}
