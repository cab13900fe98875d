using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>GPT-2 as a language model; Hugging Face calls it <c>GPT2LMHeadModel</c>.</summary>
public sealed class Gpt2ForCausalLM : CausalLanguageModel, ICheckpointModel, ITiedWeights
{
    /// <summary>The decoder.</summary>
    public readonly Gpt2Model transformer;

    /// <summary>The head, [V, H]; null where it is the embedding of the words (<see cref="Gpt2Config.TieWordEmbeddings"/>): one tensor in two modules would not survive <c>to()</c>.</summary>
    public readonly Linear? lm_head;

    /// <summary>Builds a model with fresh weights, as Hugging Face initialises them.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public Gpt2ForCausalLM(Gpt2Config config, Device? device = null, ScalarType? dtype = null) : this(config, device, dtype, loadedNext: false) { }

    private Gpt2ForCausalLM(Gpt2Config config, Device? device, ScalarType? dtype, bool loadedNext) : base(nameof(Gpt2ForCausalLM))
    {
        transformer = new Gpt2Model(config, device, dtype, loadedNext);
        if (!config.TieWordEmbeddings)
        {
            lm_head = nn.Linear(config.HiddenSize, config.VocabSize, hasBias: false, device: loadedNext ? torch.META : device, dtype: dtype);
            using var noGrad = torch.no_grad();
            if (!loadedNext) nn.init.normal_(lm_head.weight, 0, config.InitializerRange);
        }
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public Gpt2Config Config => transformer.Config;

    /// <inheritdoc/>
    public override bool ActivationCheckpointing
    {
        get => transformer.ActivationCheckpointing;
        set => transformer.ActivationCheckpointing = value;
    }

    CheckpointMapping ICheckpointModel.Mapping => Gpt2Checkpoint.Mapping(withHead: lm_head is not null);

    string ICheckpointModel.Architecture => "GPT2LMHeadModel";

    void ICheckpointModel.Describe(JsonObject config) => CausalCheckpoint.SayTied(config, lm_head is null, otherwise: true);

    IEnumerable<string> ITiedWeights.TiedParameters => lm_head is null ? ["transformer.wte.weight"] : [];

    /// <summary>Opens a Hugging Face folder: config.json and model.safetensors (or its shards), with or without the prefix <c>transformer.</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="configure">Changes the configuration before the model is built, for example its dropout rates.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static Gpt2ForCausalLM FromPretrained(string folder, Device? device = null, ScalarType? dtype = null, Func<Gpt2Config, Gpt2Config>? configure = null)
    {
        Gpt2Config config = Gpt2Config.FromFolder(folder);
        if (configure is not null) config = configure(config);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new Gpt2ForCausalLM(config, device ?? torch.CPU, dtype ?? ScalarType.Float32, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, Gpt2Checkpoint.Mapping(withHead: model.lm_head is not null), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    private protected override EncoderOutput Decode(Tensor input_ids, Tensor? attention_mask) => transformer.call(input_ids, attention_mask);

    private protected override Tensor Head(Tensor rows) => lm_head is not null ? lm_head.call(rows) : nn.functional.linear(rows, transformer.wte.weight!);
}
