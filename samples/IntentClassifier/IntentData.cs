using System.Text.Json;
using AdaLoRA.Gen;

namespace IntentSample;

/// <summary>A sentence and the number of its intent.</summary>
public readonly record struct Example(string Text, int Intent);

/// <summary>Sentences to train and to test on: BANKING77's <c>train.csv</c> and <c>test.csv</c>, or CLINC150's <c>data_full.json</c> (without its out-of-scope part).</summary>
public sealed record IntentData(IReadOnlyList<string> Intents, IReadOnlyList<Example> Train, IReadOnlyList<Example> Test)
{
    /// <summary>Where they were read from.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Reads a folder.</summary>
    /// <exception cref="AdaLoRAException">The folder holds neither form, or a file of it is damaged.</exception>
    public static IntentData Read(string folder)
    {
        string clinc = Path.Combine(folder, "data_full.json"), train = Path.Combine(folder, "train.csv"), test = Path.Combine(folder, "test.csv");
        if (File.Exists(clinc)) return Number(ReadClinc(clinc, "train"), ReadClinc(clinc, "test")) with { Folder = folder };
        if (File.Exists(train) && File.Exists(test)) return Number(ReadCsv(train), ReadCsv(test)) with { Folder = folder };
        throw new AdaLoRAException($"'{folder}' holds neither train.csv and test.csv (columns text,category) nor data_full.json of CLINC150.");
    }

    private static IntentData Number(List<(string Text, string Intent)> train, List<(string Text, string Intent)> test)
    {
        string[] intents = [.. train.Select(e => e.Intent).Distinct().Order(StringComparer.Ordinal)];
        var numbers = intents.Select((name, i) => (name, i)).ToDictionary(p => p.name, p => p.i, StringComparer.Ordinal);
        Example Numbered((string Text, string Intent) e) => numbers.TryGetValue(e.Intent, out int n)
            ? new Example(e.Text, n)
            : throw new AdaLoRAException($"The intent '{e.Intent}' of the test data does not occur in the training data.");
        return new IntentData(intents, [.. train.Select(Numbered)], [.. test.Select(Numbered)]);
    }

    private static List<(string, string)> ReadClinc(string path, string part)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. json.RootElement.GetProperty(part).EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetString()!))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new AdaLoRAException($"'{path}' is not CLINC150's data_full.json: its '{part}' must be a list of [text, intent].", e);
        }
    }

    private static List<(string, string)> ReadCsv(string path)
    {
        var rows = Csv.Read(path).ToList();
        if (rows.Count == 0 || !rows[0].SequenceEqual(["text", "category"])) throw new AdaLoRAException($"'{path}' must start with the columns text,category.");
        for (int i = 1; i < rows.Count; i++)
        {
            if (rows[i].Count != 2) throw new AdaLoRAException($"'{path}': row {i + 1} has {rows[i].Count} fields instead of 2.");
        }
        return [.. rows.Skip(1).Select(r => (r[0], r[1]))];
    }
}
