using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>
/// BERT (Devlin et al. 2018) and its like (MiniLM, e5, bge) as an encoder, with Hugging Face's names. Computes on real tokens only (<see cref="TokenLayout"/>).
/// </summary>
public sealed class BertModel : nn.Module<Tensor, Tensor?, Tensor?, EncoderOutput>, ICheckpointModel
{
    /// <summary>Word, position and segment embeddings.</summary>
    public readonly BertEmbeddings embeddings;

    /// <summary>The layers.</summary>
    public readonly BertEncoder encoder;

    /// <summary>Dense layer and tanh over [CLS]; null unless asked for.</summary>
    public readonly BertPooler? pooler;

    /// <summary>Builds a model with fresh weights, as Hugging Face initialises them.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="withPooler">Whether it has a pooler. Default: false.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public BertModel(BertConfig config, bool withPooler = false, Device? device = null, ScalarType? dtype = null) : this(config, withPooler, device, dtype, loadedNext: false) { }

    internal BertModel(BertConfig config, bool withPooler, Device? device, ScalarType? dtype, bool loadedNext) : base(nameof(BertModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        // Weights that a checkpoint replaces next get no memory and no random numbers.
        Device? place = loadedNext ? torch.META : device;
        embeddings = new BertEmbeddings(config, place, dtype);
        encoder = new BertEncoder(config, place, dtype);
        pooler = withPooler ? new BertPooler(config, device, dtype) : null;
        RegisterComponents();
        if (!loadedNext) Layers.Initialize(this, config.InitializerRange);
        else if (pooler is not null) Layers.Initialize(pooler, config.InitializerRange);
    }

    /// <summary>The configuration it was built from.</summary>
    public BertConfig Config { get; }

    /// <summary>
    /// Whether every layer is a checkpoint (<see cref="ActivationCheckpoint"/>) while gradients are on: it keeps its input alone, and backward computes it again. Costs a second forward, saves
    /// most of a step's memory, changes no number. Default: false.
    /// </summary>
    public bool ActivationCheckpointing
    {
        get => encoder.ActivationCheckpointing;
        set => encoder.ActivationCheckpointing = value;
    }

    CheckpointMapping ICheckpointModel.Mapping => BertCheckpoint.Mapping(withPooler: pooler is not null, withClassifier: false);

    string ICheckpointModel.Architecture => "BertModel";

    /// <summary>Opens a Hugging Face folder: config.json and model.safetensors (or its shards), in float types or int8 with one scale a row.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="withPooler">Whether to build and load the pooler. Default: false.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="configure">Changes the configuration before the model is built, for example its dropout rates.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static BertModel FromPretrained(string folder, bool withPooler = false, Device? device = null, ScalarType? dtype = null, Func<BertConfig, BertConfig>? configure = null)
    {
        BertConfig config = BertConfig.FromFolder(folder);
        if (configure is not null) config = configure(config);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new BertModel(config, withPooler, device ?? torch.CPU, dtype ?? ScalarType.Float32, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, BertCheckpoint.Mapping(withPooler, withClassifier: false), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    /// <summary>Encodes a batch.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding.</param>
    /// <param name="token_type_ids">Segments, int64 [B, T]; null: segment 0.</param>
    /// <returns>Last hidden state of the real tokens.</returns>
    /// <exception cref="AdaLoRAException">The batch is longer than the model's positions, or a sequence is empty.</exception>
    public override EncoderOutput forward(Tensor input_ids, Tensor? attention_mask, Tensor? token_type_ids)
    {
        TokenLayout layout = TokenLayout.OfInputs(input_ids, attention_mask);
        using Tensor embedded = embeddings.call(input_ids, layout, token_type_ids);
        return new EncoderOutput(encoder.call(embedded, layout), layout);
    }

    /// <summary>Encodes a tokenised batch.</summary>
    /// <param name="batch">From <see cref="WordPieceTokenizer.EncodeBatch(IReadOnlyList{string}, int, Device?)"/>.</param>
    /// <returns>Last hidden state of the real tokens.</returns>
    public EncoderOutput Encode(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return call(batch.InputIds, batch.AttentionMask, batch.TokenTypeIds);
    }
}
