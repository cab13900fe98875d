using AdaLoRA.Gen.Models;
using AdaLoRA.Gen.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Folders;

/// <summary>A model of a folder of the form of <c>fixtures/hf</c>, with the inputs that its <c>io.safetensors</c> holds.</summary>
internal sealed class GoldenModel : IDisposable
{
    public const string InputFile = "io.safetensors";

    private readonly HuggingFaceModel? _known;
    private readonly ConvNet? _conv;

    private GoldenModel(string folder, HuggingFaceModel? known, ConvNet? conv)
    {
        (_known, _conv) = (known, conv);
        Module.eval();
        Io = Tensors(Path.Combine(folder, InputFile));
    }

    /// <summary>Everything in <c>io.safetensors</c>.</summary>
    public IReadOnlyDictionary<string, Tensor> Io { get; }

    public nn.Module Module => (nn.Module?)_conv ?? _known!.Module;

    /// <summary>Opens a folder.</summary>
    /// <exception cref="UnsupportedArchitectureException">No model here computes its architecture.</exception>
    /// <exception cref="AdaLoRAException">The folder is damaged.</exception>
    /// <exception cref="SafetensorsException">A tensor file is missing or damaged.</exception>
    public static GoldenModel Open(string folder) => File.Exists(Path.Combine(folder, "config.json"))
        ? new GoldenModel(folder, HuggingFaceModel.Open(folder), null)
        : new GoldenModel(folder, null, ConvNet.Open(folder));

    /// <summary>All tensors of a file.</summary>
    public static Dictionary<string, Tensor> Tensors(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Names.ToDictionary(name => name, name => file.Read(name).DetachFromDisposeScope());
    }

    /// <summary>The logits of the recorded inputs; zero at padding.</summary>
    public Tensor Logits() => _conv is not null ? _conv.call(Input("x")) : _known!.Logits(Inputs());

    /// <summary>The embeddings and what each layer gives; empty for the CNN.</summary>
    public IReadOnlyList<Tensor> HiddenStates() => _known?.HiddenStates(Inputs()) ?? [];

    /// <summary>Recorded logits or hidden states, with zero at padding, where no implementation promises anything.</summary>
    public Tensor Unpadded(Tensor recorded) => recorded.dim() == 3 && Io.TryGetValue("in.attention_mask", out var mask) ? recorded * mask.unsqueeze(-1) : recorded;

    /// <summary>The loss on the recorded labels, as Hugging Face defines it for the head; null when there are none.</summary>
    public Tensor? Loss()
    {
        if (!Io.TryGetValue("in.labels", out var labels)) return null;
        return Module is CausalLanguageModel decoder ? decoder.Loss(Input("input_ids"), Io.GetValueOrDefault("in.attention_mask"), labels) : nn.functional.cross_entropy(Logits(), labels);
    }

    /// <summary>The recorded greedy continuation, computed here; null for a model that does not continue.</summary>
    public Tensor? Continue(Tensor expected)
    {
        // The start of one unpadded sequence; the recorded result says how long it was.
        const int appended = 8;
        return Module is CausalLanguageModel decoder ? decoder.Generate(Input("input_ids").narrow(0, 0, expected.shape[0]).narrow(1, 0, expected.shape[1] - appended), appended) : null;
    }

    public void Dispose()
    {
        _known?.Dispose();
        _conv?.Dispose();
        foreach (var tensor in Io.Values) tensor.Dispose();
    }

    private Tensor Input(string name) => Io.TryGetValue("in." + name, out var tensor) ? tensor : throw new AdaLoRAException($"{InputFile} holds no in.{name}, which the model needs.");

    private Dictionary<string, Tensor> Inputs() => Io.Where(t => t.Key.StartsWith("in.", StringComparison.Ordinal) && t.Key != "in.labels").ToDictionary(t => t.Key["in.".Length..], t => t.Value);
}
