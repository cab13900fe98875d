namespace AdaLoRA.Gen.Models;

/// <summary>Sizes and rates of a GPT-2 model, from the <c>config.json</c> of a Hugging Face folder. Defaults are those of GPT-2 small.</summary>
public sealed record Gpt2Config
{
    /// <summary>Words of the vocabulary, V. Default: 50257.</summary>
    public long VocabSize { get; init; } = 50257;

    /// <summary>Width of the hidden states, H. Default: 768.</summary>
    public long HiddenSize { get; init; } = 768;

    /// <summary>Layers. Default: 12.</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>Attention heads; divides <see cref="HiddenSize"/>. Default: 12.</summary>
    public long HeadCount { get; init; } = 12;

    /// <summary>Width of the feed-forward part; null takes 4 H. Default: null.</summary>
    public long? IntermediateSize { get; init; }

    /// <summary>Activation of the feed-forward part: gelu_new, gelu (exact), gelu_pytorch_tanh, relu, silu or swish. Default: gelu_new.</summary>
    public string HiddenAct { get; init; } = "gelu_new";

    /// <summary>Longest sequence. Default: 1024.</summary>
    public long MaxPositions { get; init; } = 1024;

    /// <summary>Epsilon of the layer norms. Default: 1e-5.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Dropout of the embeddings in training mode, from 0 up to but not including 1. Default: 0.1.</summary>
    public double EmbeddingDropout { get; init; } = 0.1;

    /// <summary>Dropout of attention probabilities in training mode, from 0 up to but not including 1. Default: 0.1.</summary>
    public double AttentionDropout { get; init; } = 0.1;

    /// <summary>Dropout before the residual sums in training mode, from 0 up to but not including 1. Default: 0.1.</summary>
    public double ResidualDropout { get; init; } = 0.1;

    /// <summary>Whether the head is the embedding of the words. Default: true.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Standard deviation of fresh weights. Default: 0.02.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <param name="folder">A Hugging Face model folder.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="AdaLoRAException">The file is missing or damaged, or describes a model that this class cannot be.</exception>
    public static Gpt2Config FromFolder(string folder)
    {
        using ConfigFile json = ConfigFile.Open(folder);
        json.Require("model_type", "gpt2");
        if (json.Boolean("add_cross_attention")) throw json.Refuse("is the decoder of an encoder (add_cross_attention); only GPT-2 by itself can be built");
        if (!json.Boolean("scale_attn_weights", otherwise: true)) throw json.Refuse("does not scale its attention (scale_attn_weights false), which is not built here");
        foreach (string key in (string[])["scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"])
        {
            if (json.Boolean(key)) throw json.Refuse($"computes its attention otherwise than GPT-2 ({key} true), which is not built here");
        }
        var config = new Gpt2Config
        {
            VocabSize = json.Integer("vocab_size", 50257),
            HiddenSize = json.Integer("n_embd", 768),
            LayerCount = (int)json.Integer("n_layer", 12),
            HeadCount = json.Integer("n_head", 12),
            IntermediateSize = json.Integer("n_inner", 4 * json.Integer("n_embd", 768)),
            HiddenAct = json.Text("activation_function", "gelu_new"),
            MaxPositions = json.Integer("n_positions", 1024),
            LayerNormEps = json.Number("layer_norm_epsilon", 1e-5),
            EmbeddingDropout = json.Number("embd_pdrop", 0.1),
            AttentionDropout = json.Number("attn_pdrop", 0.1),
            ResidualDropout = json.Number("resid_pdrop", 0.1),
            TieWordEmbeddings = json.Boolean("tie_word_embeddings", otherwise: true),
            InitializerRange = json.Number("initializer_range", 0.02),
        };
        json.Check(config.Check);
        return config;
    }

    /// <summary>Refuses sizes and rates that no model can have.</summary>
    /// <exception cref="AdaLoRAException">The first rule that is broken.</exception>
    internal void Check()
    {
        if (HiddenSize % HeadCount != 0) throw new AdaLoRAException($"n_embd {HiddenSize} is not a multiple of n_head {HeadCount}.");
        foreach ((string name, double rate) in (ReadOnlySpan<(string, double)>)[("embd_pdrop", EmbeddingDropout), ("attn_pdrop", AttentionDropout), ("resid_pdrop", ResidualDropout)])
        {
            if (rate is not (>= 0 and < 1)) throw new AdaLoRAException($"{name} is {rate}; it must be from 0 up to but not including 1.");
        }
        _ = Activation.Find(HiddenAct);
    }
}
