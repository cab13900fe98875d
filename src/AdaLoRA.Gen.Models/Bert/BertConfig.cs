namespace AdaLoRA.Gen.Models;

/// <summary>Sizes and rates of a BERT model, from the <c>config.json</c> of a Hugging Face folder. Defaults are BERT base's.</summary>
public sealed record BertConfig
{
    /// <summary>Words of the vocabulary. Default: 30522.</summary>
    public long VocabSize { get; init; } = 30522;

    /// <summary>Width of the hidden states, H. Default: 768.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Layers. Default: 12.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>. Default: 12.</summary>
    public long HeadCount { get; init; } = 12;

    /// <summary>Width of the feed-forward part. Default: 3072.</summary>
    public long IntermediateSize { get; init; } = 3072;

    /// <summary>Activation of the feed-forward part: gelu (exact), gelu_new, gelu_pytorch_tanh, relu, silu or swish. Default: gelu.</summary>
    public string HiddenAct { get; init; } = "gelu";

    /// <summary>Longest sequence. Default: 512.</summary>
    public long MaxPositions { get; init; } = 512;

    /// <summary>Kinds of segments. Default: 2.</summary>
    public long TypeVocabSize { get; init; } = 2;

    /// <summary>Epsilon of the layer norms. Default: 1e-12.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Dropout of hidden states in training mode, from 0 up to but not including 1. Default: 0.1.</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Dropout of attention probabilities in training mode, from 0 up to but not including 1. Default: 0.1.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before the classifier; null takes <see cref="HiddenDropout"/>. Default: null.</summary>
    public double? ClassifierDropout { get; init; }

    /// <summary>Id of the padding token. Default: 0.</summary>
    public long PadTokenId { get; init; }

    /// <summary>Standard deviation of fresh weights. Default: 0.02.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Classes of the classification head. Default: 2.</summary>
    public int LabelCount { get; init; } = 2;

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <param name="folder">A Hugging Face model folder.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="AdaLoRAException">The file is missing or damaged, or describes a model that this class cannot be.</exception>
    public static BertConfig FromFolder(string folder)
    {
        using ConfigFile json = ConfigFile.Open(folder);
        json.Require("model_type", "bert");
        json.Require("position_embedding_type", "absolute", optional: true);
        if (json.Boolean("is_decoder") || json.Boolean("add_cross_attention")) throw json.Refuse("is a decoder (is_decoder, add_cross_attention); only BERT encoders can be built");
        var config = new BertConfig
        {
            VocabSize = json.Integer("vocab_size", 30522),
            HiddenSize = json.Integer("hidden_size", 768),
            LayerCount = (int)json.Integer("num_hidden_layers", 12),
            HeadCount = json.Integer("num_attention_heads", 12),
            IntermediateSize = json.Integer("intermediate_size", 3072),
            HiddenAct = json.Text("hidden_act", "gelu"),
            MaxPositions = json.Integer("max_position_embeddings", 512),
            TypeVocabSize = json.Integer("type_vocab_size", 2),
            LayerNormEps = json.Number("layer_norm_eps", 1e-12),
            HiddenDropout = json.Number("hidden_dropout_prob", 0.1),
            AttentionDropout = json.Number("attention_probs_dropout_prob", 0.1),
            ClassifierDropout = json.OptionalNumber("classifier_dropout"),
            PadTokenId = json.Integer("pad_token_id", 0, smallest: 0),
            InitializerRange = json.Number("initializer_range", 0.02),
            LabelCount = json.LabelCount(2),
        };
        json.Check(config.Check);
        return config;
    }

    /// <summary>Refuses sizes and rates that no model can have.</summary>
    /// <exception cref="AdaLoRAException">The first rule that is broken.</exception>
    internal void Check()
    {
        if (HiddenSize % HeadCount != 0) throw new AdaLoRAException($"hidden_size {HiddenSize} is not a multiple of num_attention_heads {HeadCount}.");
        foreach ((string name, double rate) in (ReadOnlySpan<(string, double)>)[("hidden_dropout_prob", HiddenDropout), ("attention_probs_dropout_prob", AttentionDropout), ("classifier_dropout", ClassifierDropout ?? 0)])
        {
            if (rate is not (>= 0 and < 1)) throw new AdaLoRAException($"{name} is {rate}; it must be from 0 up to but not including 1.");
        }
        if (PadTokenId >= VocabSize) throw new AdaLoRAException($"pad_token_id {PadTokenId} is outside the vocabulary of {VocabSize}.");
        _ = Activation.Find(HiddenAct);
    }
}
