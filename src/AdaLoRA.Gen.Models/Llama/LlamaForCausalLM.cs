using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>Llama as a language model.</summary>
public sealed class LlamaForCausalLM : CausalLanguageModel, ICheckpointModel, ITiedWeights
{
    /// <summary>The decoder.</summary>
    public readonly LlamaModel model;

    /// <summary>The head, [V, H]; null where it is the embedding of the words (<see cref="LlamaConfig.TieWordEmbeddings"/>): one tensor in two modules would not survive <c>to()</c>.</summary>
    public readonly QuantizableLinear? lm_head;

    /// <summary>Builds a model with fresh weights, as Hugging Face initialises them.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <param name="weights">How matrices are stored: as int8 they take a quarter of the memory, are frozen, and adapters go on top. Default: as floats.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public LlamaForCausalLM(LlamaConfig config, Device? device = null, ScalarType? dtype = null, BaseWeights weights = BaseWeights.Floats) : this(config, device, dtype, weights, loadedNext: false) { }

    private LlamaForCausalLM(LlamaConfig config, Device? device, ScalarType? dtype, BaseWeights weights, bool loadedNext) : base(nameof(LlamaForCausalLM))
    {
        model = new LlamaModel(config, device, dtype, weights, loadedNext);
        if (!config.TieWordEmbeddings)
        {
            lm_head = new QuantizableLinear(config.HiddenSize, config.VocabSize, hasBias: false, weights, loadedNext ? torch.META : device, dtype);
            if (!loadedNext) Layers.Initialize(lm_head, config.InitializerRange);
        }
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public LlamaConfig Config => model.Config;

    /// <inheritdoc/>
    public override bool ActivationCheckpointing
    {
        get => model.ActivationCheckpointing;
        set => model.ActivationCheckpointing = value;
    }

    CheckpointMapping ICheckpointModel.Mapping => LlamaCheckpoint.Mapping(withHead: lm_head is not null);

    string ICheckpointModel.Architecture => "LlamaForCausalLM";

    void ICheckpointModel.Describe(JsonObject config) => CausalCheckpoint.SayTied(config, lm_head is null, otherwise: false);

    IEnumerable<string> ITiedWeights.TiedParameters => lm_head is null ? ["model.embed_tokens.weight"] : [];

    /// <summary>Opens a Hugging Face folder: config.json and model.safetensors (or its shards), with or without the prefix <c>model.</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="configure">Changes the configuration before the model is built, for example its dropout rate.</param>
    /// <param name="weights">How matrices are stored: as int8 they take a quarter of the memory, are frozen, and adapters go on top. Default: as floats.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static LlamaForCausalLM FromPretrained(string folder, Device? device = null, ScalarType? dtype = null, Func<LlamaConfig, LlamaConfig>? configure = null, BaseWeights weights = BaseWeights.Floats)
    {
        LlamaConfig config = LlamaConfig.FromFolder(folder);
        if (configure is not null) config = configure(config);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new LlamaForCausalLM(config, device ?? torch.CPU, dtype ?? ScalarType.Float32, weights, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, LlamaCheckpoint.Mapping(withHead: model.lm_head is not null), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    private protected override EncoderOutput Decode(Tensor input_ids, Tensor? attention_mask) => model.call(input_ids, attention_mask);

    private protected override Tensor Head(Tensor rows) => lm_head is not null ? lm_head.call(rows) : model.embed_tokens.Scores(rows);
}
