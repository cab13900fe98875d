using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Models;

/// <summary>What the config.json of every language model says alike.</summary>
internal static class CausalCheckpoint
{
    /// <summary>Makes <c>tie_word_embeddings</c> say whether the head is the embedding. A config that said otherwise would make the next reader ignore the head's own weights.</summary>
    /// <param name="config">Changed where it is wrong.</param>
    /// <param name="tied">Whether it is.</param>
    /// <param name="otherwise">What the family takes where nothing is said.</param>
    internal static void SayTied(JsonObject config, bool tied, bool otherwise)
    {
        bool said = config["tie_word_embeddings"] is { } value && value.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? config["tie_word_embeddings"]!.GetValue<bool>() : otherwise;
        if (said != tied) config["tie_word_embeddings"] = tied;
    }
}
