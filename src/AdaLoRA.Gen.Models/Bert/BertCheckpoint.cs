namespace AdaLoRA.Gen.Models;

/// <summary>How keys of BERT checkpoints map to these modules.</summary>
internal static class BertCheckpoint
{
    internal static CheckpointMapping Mapping(bool withPooler, bool withClassifier) => new()
    {
        Prefix = "bert.",
        // Checkpoints converted from TensorFlow.
        Renames = [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")],
        // Heads that this model has not, and the positions that older versions saved as a buffer.
        Ignored = ["*position_ids", "cls.*", .. withPooler ? Array.Empty<string>() : ["pooler.*", "bert.pooler.*"], .. withClassifier ? Array.Empty<string>() : ["classifier.*"]],
        Optional = withClassifier ? ["classifier.*", "bert.pooler.*"] : [],
    };
}
