using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// Llama (Touvron et al. 2023; Llama 2, 3 and 3.1 and models of their form) without a head, with Hugging Face's names. Computes on real tokens only (<see cref="TokenLayout"/>).
/// </summary>
public sealed class LlamaModel : nn.Module<Tensor, Tensor?, EncoderOutput>, ICheckpointModel
{
    /// <summary>Embeddings of the vocabulary, [V, H].</summary>
    public readonly QuantizableEmbedding embed_tokens;

    /// <summary>The layers, first to last.</summary>
    public readonly ModuleList<LlamaDecoderLayer> layers;

    /// <summary>Norm behind the last layer.</summary>
    public readonly RmsNorm norm;

    private readonly RotaryEmbedding _rotary;

    /// <summary>Builds a model with fresh weights, as Hugging Face initialises them.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <param name="weights">How matrices are stored: as int8 they take a quarter of the memory, are frozen, and adapters go on top. Default: as floats.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public LlamaModel(LlamaConfig config, Device? device = null, ScalarType? dtype = null, BaseWeights weights = BaseWeights.Floats) : this(config, device, dtype, weights, loadedNext: false) { }

    internal LlamaModel(LlamaConfig config, Device? device, ScalarType? dtype, BaseWeights weights, bool loadedNext) : base(nameof(LlamaModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        _rotary = new RotaryEmbedding(config.HeadWidth, config.RopeTheta, config.RopeScaling);
        // Weights that a checkpoint replaces next get no memory and no random numbers.
        Device? place = loadedNext ? torch.META : device;
        embed_tokens = new QuantizableEmbedding(config.VocabSize, config.HiddenSize, config.PadTokenId, weights, place, dtype);
        layers = new ModuleList<LlamaDecoderLayer>([.. Enumerable.Range(0, config.LayerCount).Select(_ => new LlamaDecoderLayer(config, weights, place, dtype))]);
        norm = new RmsNorm(config.HiddenSize, config.RmsNormEps, place, dtype);
        RegisterComponents();
        if (!loadedNext) Layers.Initialize(this, config.InitializerRange);
    }

    /// <summary>The configuration it was built from.</summary>
    public LlamaConfig Config { get; }

    /// <inheritdoc cref="BertModel.ActivationCheckpointing"/>
    public bool ActivationCheckpointing { get; set; }

    CheckpointMapping ICheckpointModel.Mapping => LlamaCheckpoint.Mapping(withHead: false);

    string ICheckpointModel.Architecture => "LlamaModel";

    /// <summary>Opens a Hugging Face folder: config.json and model.safetensors (or its shards), with or without the prefix <c>model.</c> and a head.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="configure">Changes the configuration before the model is built, for example its dropout rate.</param>
    /// <param name="weights">How matrices are stored: as int8 they take a quarter of the memory, are frozen, and adapters go on top. Default: as floats.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static LlamaModel FromPretrained(string folder, Device? device = null, ScalarType? dtype = null, Func<LlamaConfig, LlamaConfig>? configure = null, BaseWeights weights = BaseWeights.Floats)
    {
        LlamaConfig config = LlamaConfig.FromFolder(folder);
        if (configure is not null) config = configure(config);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new LlamaModel(config, device ?? torch.CPU, dtype ?? ScalarType.Float32, weights, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, LlamaCheckpoint.Mapping(withHead: false), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    /// <summary>Decodes a batch. Only distances between positions count, so padding may stand on either side.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding.</param>
    /// <returns>Last hidden state of the real tokens, behind the final norm.</returns>
    /// <exception cref="AdaLoRAException">A sequence is empty.</exception>
    public override EncoderOutput forward(Tensor input_ids, Tensor? attention_mask)
    {
        TokenLayout layout = TokenLayout.OfDecoder(input_ids, attention_mask);
        using var scope = torch.NewDisposeScope();
        Tensor state = embed_tokens.call(layout.Pack(input_ids));
        using RotaryAngles angles = Angles(layout);
        foreach (LlamaDecoderLayer layer in layers)
        {
            state = ActivationCheckpointing ? LayerCheckpoint.Run(layer, (h, places, turns) => layer.call(h, places, turns), state, layout, angles) : layer.call(state, layout, angles);
        }
        return new EncoderOutput(norm.call(state).MoveToOuterDisposeScope(), layout);
    }

    /// <summary>Angles of the rows of a batch, once for all layers.</summary>
    internal RotaryAngles Angles(TokenLayout layout) => _rotary.At(layout.Positions, embed_tokens.FloatType);
}
