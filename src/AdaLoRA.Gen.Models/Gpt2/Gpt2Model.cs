using AdaLoRA.Gen.Arena;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>GPT-2 (Radford et al. 2019) without a head, with Hugging Face's names. Computes on real tokens only (<see cref="TokenLayout"/>).</summary>
public sealed class Gpt2Model : nn.Module<Tensor, Tensor?, EncoderOutput>, ICheckpointModel
{
    /// <summary>Embeddings of the vocabulary, [V, H].</summary>
    public readonly Embedding wte;

    /// <summary>Embeddings of the positions, [P, H].</summary>
    public readonly Embedding wpe;

    /// <summary>Dropout of the embeddings.</summary>
    public readonly Dropout drop;

    /// <summary>The layers, first to last.</summary>
    public readonly ModuleList<Gpt2Block> h;

    /// <summary>Norm behind the last layer.</summary>
    public readonly LayerNorm ln_f;

    /// <summary>Builds a model with fresh weights, as Hugging Face initialises them.</summary>
    /// <param name="config">Sizes and rates.</param>
    /// <param name="device">Where to build it. Default: torch's default device.</param>
    /// <param name="dtype">Type of the weights. Default: torch's default type.</param>
    /// <exception cref="AdaLoRAException">The configuration breaks a rule.</exception>
    public Gpt2Model(Gpt2Config config, Device? device = null, ScalarType? dtype = null) : this(config, device, dtype, loadedNext: false) { }

    internal Gpt2Model(Gpt2Config config, Device? device, ScalarType? dtype, bool loadedNext) : base(nameof(Gpt2Model))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        // Weights that a checkpoint replaces next get no memory and no random numbers.
        Device? place = loadedNext ? torch.META : device;
        wte = Layers.Embedding(config.VocabSize, config.HiddenSize, null, place, dtype);
        wpe = Layers.Embedding(config.MaxPositions, config.HiddenSize, null, place, dtype);
        drop = nn.Dropout(config.EmbeddingDropout);
        h = new ModuleList<Gpt2Block>([.. Enumerable.Range(0, config.LayerCount).Select(_ => new Gpt2Block(config, place, dtype))]);
        ln_f = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: place, dtype: dtype);
        RegisterComponents();
        if (!loadedNext) Initialize();
    }

    /// <summary>The configuration it was built from.</summary>
    public Gpt2Config Config { get; }

    /// <inheritdoc cref="BertModel.ActivationCheckpointing"/>
    public bool ActivationCheckpointing { get; set; }

    CheckpointMapping ICheckpointModel.Mapping => Gpt2Checkpoint.Mapping(withHead: false);

    string ICheckpointModel.Architecture => "GPT2Model";

    /// <summary>Opens a Hugging Face folder: config.json and model.safetensors (or its shards), with or without the prefix <c>transformer.</c> and a head.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="configure">Changes the configuration before the model is built, for example its dropout rates.</param>
    /// <returns>The model in evaluation mode.</returns>
    /// <exception cref="AdaLoRAException">The folder's configuration cannot be built, or its weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static Gpt2Model FromPretrained(string folder, Device? device = null, ScalarType? dtype = null, Func<Gpt2Config, Gpt2Config>? configure = null)
    {
        Gpt2Config config = Gpt2Config.FromFolder(folder);
        if (configure is not null) config = configure(config);
        using HuggingFaceCheckpoint checkpoint = HuggingFaceCheckpoint.Open(folder);
        var model = new Gpt2Model(config, device ?? torch.CPU, dtype ?? ScalarType.Float32, loadedNext: true);
        return CheckpointLoader.LoadOrDispose(model, checkpoint, Gpt2Checkpoint.Mapping(withHead: false), device ?? torch.CPU, dtype ?? ScalarType.Float32);
    }

    /// <summary>Decodes a batch. Positions count from the first column of the batch, as in Hugging Face when none are given: pad on the right.</summary>
    /// <param name="input_ids">Token ids, int64 [B, T].</param>
    /// <param name="attention_mask">0 where a token is padding, [B, T]; null: no padding.</param>
    /// <returns>Last hidden state of the real tokens, behind the final norm.</returns>
    /// <exception cref="AdaLoRAException">The batch is longer than the model's positions, or a sequence is empty.</exception>
    public override EncoderOutput forward(Tensor input_ids, Tensor? attention_mask)
    {
        TokenLayout layout = TokenLayout.OfDecoder(input_ids, attention_mask);
        using var scope = torch.NewDisposeScope();
        Tensor state = Embed(input_ids, layout);
        foreach (Gpt2Block block in h) state = ActivationCheckpointing ? LayerCheckpoint.Run(block, (hidden, places) => block.call(hidden, places), state, layout) : block.call(state, layout);
        return new EncoderOutput(ln_f.call(state).MoveToOuterDisposeScope(), layout);
    }

    /// <summary>Word and position embeddings of the real tokens, summed: [N, H].</summary>
    internal Tensor Embed(Tensor input_ids, TokenLayout layout)
    {
        if (layout.Length > Config.MaxPositions) throw new AdaLoRAException($"The batch has {layout.Length} positions and the model {Config.MaxPositions}: cut the text when it is tokenised.");
        using Tensor words = wte.call(layout.Pack(input_ids));
        using Tensor sum = words.add(wpe.call(layout.Positions), Scalars.One);
        return drop.call(sum);
    }

    /// <summary>GPT-2's rule: what is added to the residual starts smaller by the square root of the number of sums.</summary>
    private void Initialize()
    {
        Layers.Initialize(this, Config.InitializerRange);
        using var noGrad = torch.no_grad();
        double deviation = Config.InitializerRange / Math.Sqrt(2 * Config.LayerCount);
        foreach (Gpt2Block block in h)
        {
            nn.init.normal_(block.attn.c_proj.weight, 0, deviation);
            nn.init.normal_(block.mlp.c_proj.weight, 0, deviation);
        }
    }
}
