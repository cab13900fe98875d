using System.Text.Json;
using AdaLoRA.Gen;
using AdaLoRA.Gen.Models;
using TorchSharp;

namespace IntentSample;

/// <summary>A trained classifier: the encoder that ships with the sample, the adapter's folder on it, and the names of the intents.</summary>
internal sealed class SavedClassifier : IDisposable
{
    private const string IntentsFile = "intents.json";

    private SavedClassifier(IntentClassifier model, IReadOnlyList<string> intents, WordPieceTokenizer tokenizer)
    {
        Model = model;
        Intents = intents;
        Tokenizer = tokenizer;
    }

    public IntentClassifier Model { get; }

    public IReadOnlyList<string> Intents { get; }

    public WordPieceTokenizer Tokenizer { get; }

    /// <summary>Opens what <c>train</c> saved.</summary>
    /// <param name="folder">The output folder of a run, or the adapter's folder in it.</param>
    /// <exception cref="AdaLoRAException">There is no trained adapter.</exception>
    public static SavedClassifier Load(string folder)
    {
        string adapter = File.Exists(Path.Combine(folder, "adapter_config.json")) ? folder : Path.Combine(folder, "adapter");
        string names = Path.Combine(adapter, IntentsFile);
        if (!File.Exists(names)) throw new AdaLoRAException($"'{folder}' holds no trained classifier ({IntentsFile} is missing); run 'train' first, or name its folder with --output.");
        string[] intents;
        try
        {
            intents = JsonSerializer.Deserialize<string[]>(File.ReadAllText(names)) ?? [];
        }
        catch (JsonException e)
        {
            throw new AdaLoRAException($"'{names}' is no list of intents; train again.", e);
        }
        var encoder = BertModel.FromPretrained(Assets.Encoder);
        var model = new IntentClassifier(encoder, intents.Length);
        model.LoadAdapter(adapter);
        model.eval();
        return new SavedClassifier(model, intents, WordPieceTokenizer.FromFolder(Assets.Encoder, encoder.Config));
    }

    /// <summary>Puts the names of the intents beside a saved adapter.</summary>
    public static void SaveIntents(string adapterFolder, IReadOnlyList<string> intents)
    {
        string path = Path.Combine(adapterFolder, IntentsFile);
        File.WriteAllText(path + ".tmp", JsonSerializer.Serialize(intents));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    /// <summary>The most probable intents of a sentence.</summary>
    public IReadOnlyList<(string Intent, double Probability)> Predict(string text, int count)
    {
        using var scope = torch.NewDisposeScope();
        using var _ = torch.no_grad();
        using var batch = Tokenizer.EncodeBatch([text], IntentTask.MaxLength);
        var (values, indices) = Model.call(batch).softmax(1)[0].topk(Math.Min(count, Intents.Count));
        return [.. values.data<float>().ToArray().Zip(indices.data<long>().ToArray(), (p, i) => (Intents[(int)i], (double)p))];
    }

    public void Dispose() => Model.Dispose();
}
