using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Models;

/// <summary>A model of a Hugging Face folder, opened by what its config.json says it is, for programs that run any of them.</summary>
public sealed class HuggingFaceModel : IDisposable
{
    private static readonly Dictionary<string, Func<string, Device?, ScalarType?, BaseWeights, nn.Module>> Supported = new(StringComparer.Ordinal)
    {
        ["BertForSequenceClassification"] = (folder, device, dtype, _) => BertForSequenceClassification.FromPretrained(folder, device: device, dtype: dtype),
        ["GPT2LMHeadModel"] = (folder, device, dtype, _) => Gpt2ForCausalLM.FromPretrained(folder, device, dtype),
        ["LlamaForCausalLM"] = (folder, device, dtype, weights) => LlamaForCausalLM.FromPretrained(folder, device, dtype, weights: weights),
    };

    /// <summary>What a folder without "architectures" is: a decoder has one head that suits it, an encoder's head cannot be guessed.</summary>
    private static readonly Dictionary<string, string> Usual = new(StringComparer.Ordinal) { ["gpt2"] = "GPT2LMHeadModel", ["llama"] = "LlamaForCausalLM" };

    private HuggingFaceModel(string architecture, nn.Module module) => (Architecture, Module) = (architecture, module);

    /// <summary>Hugging Face's names of the classes that <see cref="Open"/> can build.</summary>
    public static IReadOnlyCollection<string> Architectures => Supported.Keys;

    /// <summary>Hugging Face's name of the class: one of <see cref="Architectures"/>.</summary>
    public string Architecture { get; }

    /// <summary>The model: <see cref="BertForSequenceClassification"/>, <see cref="Gpt2ForCausalLM"/> or <see cref="LlamaForCausalLM"/>. Its registered names are Hugging Face's.</summary>
    public nn.Module Module { get; }

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">config.json and model.safetensors, or its shards.</param>
    /// <param name="device">Where to put it. Default: the CPU.</param>
    /// <param name="dtype">Type of the weights. Default: float32.</param>
    /// <param name="weights">How matrices are stored. Default: as floats. As int8: Llama.</param>
    /// <returns>The model in evaluation mode; the caller disposes it.</returns>
    /// <exception cref="UnsupportedArchitectureException">The folder is sound as far as its config.json tells, but no class here computes its architecture.</exception>
    /// <exception cref="AdaLoRAException">The configuration is damaged or cannot be built, or the weights do not fit.</exception>
    /// <exception cref="Serialization.SafetensorsException">A weight file is missing or damaged.</exception>
    public static HuggingFaceModel Open(string folder, Device? device = null, ScalarType? dtype = null, BaseWeights weights = BaseWeights.Floats)
    {
        string architecture;
        using (ConfigFile json = ConfigFile.Open(folder)) architecture = ArchitectureOf(json);
        if (weights == BaseWeights.Int8Rows && architecture != "LlamaForCausalLM") throw new AdaLoRAException($"The model of '{folder}' is a {architecture}, which is not built on int8 rows here; LlamaForCausalLM is.");
        return new HuggingFaceModel(architecture, Supported[architecture](folder, device, dtype, weights));
    }

    /// <summary>Runs the model.</summary>
    /// <param name="inputs">By Hugging Face's names: <c>input_ids</c> int64 [B, T], and where wanted <c>attention_mask</c> [B, T] and, for BERT, <c>token_type_ids</c> int64 [B, T].</param>
    /// <returns>Logits: [B, labels] of a classifier, [B, T, V] of a language model, where padding is zero.</returns>
    /// <exception cref="AdaLoRAException">There are no input_ids, an input that the model does not take, the batch is too long, or a sequence is empty.</exception>
    public Tensor Logits(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        string[] taken = Module is BertForSequenceClassification ? ["input_ids", "attention_mask", "token_type_ids"] : ["input_ids", "attention_mask"];
        string? unknown = inputs.Keys.FirstOrDefault(name => !taken.Contains(name));
        if (unknown is not null) throw new AdaLoRAException($"{Architecture} takes no input '{unknown}'; it takes {string.Join(", ", taken)}.");
        if (!inputs.TryGetValue("input_ids", out Tensor? ids)) throw new AdaLoRAException($"{Architecture} needs input_ids.");
        Tensor? mask = inputs.GetValueOrDefault("attention_mask");
        return Module is BertForSequenceClassification bert
            ? bert.call(ids, mask, inputs.GetValueOrDefault("token_type_ids"))
            : ((CausalLanguageModel)Module).call(ids, mask);
    }

    /// <summary>What every layer gives, as transformers' <c>output_hidden_states</c>.</summary>
    /// <param name="inputs">As for <see cref="Logits"/>.</param>
    /// <returns>The embeddings, then one tensor a layer, [B, T, H]; zero at padding. A decoder's last one is behind the final norm.</returns>
    /// <exception cref="AdaLoRAException">As for <see cref="Logits"/>.</exception>
    public IReadOnlyList<Tensor> HiddenStates(IReadOnlyDictionary<string, Tensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        if (!inputs.TryGetValue("input_ids", out Tensor? ids)) throw new AdaLoRAException($"{Architecture} needs input_ids.");
        Tensor? mask = inputs.GetValueOrDefault("attention_mask");
        TokenLayout layout = TokenLayout.OfInputs(ids, mask, causal: Module is CausalLanguageModel);
        var states = new List<Tensor>();
        switch (Module)
        {
            case BertForSequenceClassification { bert: var bert }:
                Tensor state = Keep(bert.embeddings.call(ids, layout, inputs.GetValueOrDefault("token_type_ids")));
                foreach (var layer in bert.encoder.layer) state = Keep(layer.call(state, layout));
                break;
            case Gpt2ForCausalLM { transformer: var gpt2 }:
                state = Keep(gpt2.Embed(ids, layout));
                for (int i = 0; i < gpt2.h.Count; i++) state = Keep(gpt2.h[i].call(state, layout), i == gpt2.h.Count - 1 ? gpt2.ln_f : null);
                break;
            case LlamaForCausalLM { model: var llama }:
                state = Keep(llama.embed_tokens.call(layout.Pack(ids)));
                using (RotaryAngles angles = llama.Angles(layout))
                {
                    for (int i = 0; i < llama.layers.Count; i++) state = Keep(llama.layers[i].call(state, layout, angles), i == llama.layers.Count - 1 ? llama.norm : null);
                }
                break;
        }
        return states;

        // The next layer may write into what this one gave.
        Tensor Keep(Tensor rows, nn.Module<Tensor, Tensor>? norm = null)
        {
            states.Add(layout.Unpack(norm is null ? rows : norm.call(rows.clone())).clone());
            return rows;
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose() => Module.Dispose();

    private static string ArchitectureOf(ConfigFile json)
    {
        string type = json.Text("model_type", "");
        IReadOnlyList<string> named = json.Texts("architectures");
        if (named.FirstOrDefault(Supported.ContainsKey) is { } architecture) return architecture;
        if (named.Count == 0 && Usual.TryGetValue(type, out string? usual)) return usual;
        throw new UnsupportedArchitectureException(json.Path, type, named, Architectures);
    }
}
