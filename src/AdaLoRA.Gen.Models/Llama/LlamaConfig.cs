namespace AdaLoRA.Gen.Models;

/// <summary>Sizes and rates of a Llama model, from the <c>config.json</c> of a Hugging Face folder. Defaults are those of Llama 7B.</summary>
public sealed record LlamaConfig
{
    /// <summary>Words of the vocabulary, V. Default: 32000.</summary>
    public long VocabSize { get; init; } = 32000;

    /// <summary>Width of the hidden states, H. Default: 4096.</summary>
    public long HiddenSize { get; init; } = 4096;

    /// <summary>Layers. Default: 32.</summary>
    public int LayerCount { get; init; } = 32;

    /// <summary>Heads of the queries. Default: 32.</summary>
    public long HeadCount { get; init; } = 32;

    /// <summary>Heads of keys and values (grouped-query attention); divides <see cref="HeadCount"/>; null takes it. Default: null.</summary>
    public long? KeyValueHeadCount { get; init; }

    /// <summary>Width of a head, even; null takes H ÷ <see cref="HeadCount"/>. Default: null.</summary>
    public long? HeadSize { get; init; }

    /// <summary>Width of the feed-forward part. Default: 11008.</summary>
    public long IntermediateSize { get; init; } = 11008;

    /// <summary>Activation of the feed-forward part's gate: silu, swish, gelu (exact), gelu_new, gelu_pytorch_tanh or relu. Default: silu.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>Epsilon of the norms. Default: 1e-6.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies, above 0. Default: 10000.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>How positions are stretched; null: not at all. Default: null.</summary>
    public Llama3Scaling? RopeScaling { get; init; }

    /// <summary>Whether the projections of attention have a bias. Default: false.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the projections of the feed-forward part have a bias. Default: false.</summary>
    public bool MlpBias { get; init; }

    /// <summary>Dropout of attention probabilities in training mode, from 0 up to but not including 1. Default: 0.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Whether the head is the embedding of the words. Default: false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Id of the padding token; null: none. Default: null.</summary>
    public long? PadTokenId { get; init; }

    /// <summary>Standard deviation of fresh weights. Default: 0.02.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Heads of keys and values in force.</summary>
    /// <summary>The head counts as a GGUF adapter needs them, see <see cref="AdapterSet.SaveAsGguf"/>.</summary>
    public Serialization.LlamaHeads Heads => new(checked((int)HeadCount), checked((int)KeyHeads));

    internal long KeyHeads => KeyValueHeadCount ?? HeadCount;

    /// <summary>Width of a head in force.</summary>
    internal long HeadWidth => HeadSize ?? HiddenSize / HeadCount;

    /// <summary>Reads <c>config.json</c>: the rotary embedding from <c>rope_parameters</c> (transformers 5) or from <c>rope_theta</c> and <c>rope_scaling</c> (before).</summary>
    /// <param name="folder">A Hugging Face model folder.</param>
    /// <returns>The configuration.</returns>
    /// <exception cref="AdaLoRAException">The file is missing or damaged, or describes a model that this class cannot be.</exception>
    public static LlamaConfig FromFolder(string folder)
    {
        using ConfigFile json = ConfigFile.Open(folder);
        json.Require("model_type", "llama");
        if (!json.Boolean("is_causal", otherwise: true)) throw json.Refuse("lets tokens look ahead (is_causal false), which is not built here");
        (double theta, Llama3Scaling? scaling) = LlamaRope.Read(json);
        var config = new LlamaConfig
        {
            VocabSize = json.Integer("vocab_size", 32000),
            HiddenSize = json.Integer("hidden_size", 4096),
            LayerCount = (int)json.Integer("num_hidden_layers", 32),
            HeadCount = json.Integer("num_attention_heads", 32),
            KeyValueHeadCount = json.OptionalInteger("num_key_value_heads"),
            HeadSize = json.OptionalInteger("head_dim"),
            IntermediateSize = json.Integer("intermediate_size", 11008),
            HiddenAct = json.Text("hidden_act", "silu"),
            RmsNormEps = json.Number("rms_norm_eps", 1e-6),
            RopeTheta = theta,
            RopeScaling = scaling,
            AttentionBias = json.Boolean("attention_bias"),
            MlpBias = json.Boolean("mlp_bias"),
            AttentionDropout = json.Number("attention_dropout", 0),
            TieWordEmbeddings = json.Boolean("tie_word_embeddings"),
            PadTokenId = PadToken(json),
            InitializerRange = json.Number("initializer_range", 0.02),
        };
        json.Check(config.Check);
        return config;
    }

    /// <summary>Refuses sizes and rates that no model can have.</summary>
    /// <exception cref="AdaLoRAException">The first rule that is broken.</exception>
    internal void Check()
    {
        if (HeadSize is null && HiddenSize % HeadCount != 0) throw new AdaLoRAException($"hidden_size {HiddenSize} is not a multiple of num_attention_heads {HeadCount}, and there is no head_dim.");
        if (HeadCount % KeyHeads != 0) throw new AdaLoRAException($"num_attention_heads {HeadCount} is not a multiple of num_key_value_heads {KeyHeads}.");
        if (HeadWidth % 2 != 0) throw new AdaLoRAException($"A head is {HeadWidth} wide; the rotary embedding needs an even width.");
        if (AttentionDropout is not (>= 0 and < 1)) throw new AdaLoRAException($"attention_dropout is {AttentionDropout}; it must be from 0 up to but not including 1.");
        if (!(RopeTheta > 0)) throw new AdaLoRAException($"rope_theta is {RopeTheta}; it must be above 0.");
        if (RopeScaling is { } rope && !(rope.Factor > 0 && rope.LowFrequencyFactor > 0 && rope.HighFrequencyFactor > rope.LowFrequencyFactor && rope.OriginalMaxPositions > 0))
        {
            throw new AdaLoRAException($"The rotary scaling {rope} is none: the factors must be above 0, and high_freq_factor above low_freq_factor.");
        }
        if (PadTokenId >= VocabSize) throw new AdaLoRAException($"pad_token_id {PadTokenId} is outside the vocabulary of {VocabSize}.");
        _ = Activation.Find(HiddenAct);
    }

    /// <summary>Llama 3's own folders have none, and -1 stands for none in some.</summary>
    private static long? PadToken(ConfigFile json) => json.OptionalInteger("pad_token_id", smallest: -1) is >= 0 and var id ? id : null;
}
