namespace AdaLoRA.Gen.Models;

/// <summary>How keys of GPT-2 checkpoints map to these modules.</summary>
internal static class Gpt2Checkpoint
{
    internal static CheckpointMapping Mapping(bool withHead) => new()
    {
        Prefix = "transformer.",
        // The causal mask, which older versions saved as a buffer of every layer; the head, where it is the embedding or where there is none.
        Ignored = ["*.attn.bias", "*.attn.masked_bias", .. withHead ? Array.Empty<string>() : ["lm_head.weight"]],
    };
}
