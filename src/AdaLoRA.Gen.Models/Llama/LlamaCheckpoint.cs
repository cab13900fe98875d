namespace AdaLoRA.Gen.Models;

/// <summary>How keys of Llama checkpoints map to these modules.</summary>
internal static class LlamaCheckpoint
{
    internal static CheckpointMapping Mapping(bool withHead) => new()
    {
        Prefix = "model.",
        // Frequencies, which older versions saved as a buffer of every layer; the head, where it is the embedding or where there is none.
        Ignored = ["*rotary_emb.inv_freq", .. withHead ? Array.Empty<string>() : ["lm_head.weight"]],
    };
}
