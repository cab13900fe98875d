using System.Text.Json;

namespace AdaLoRA.Gen.Models;

/// <summary>The <c>config.json</c> of a Hugging Face folder; every answer that does not fit is one sentence with the file and the key.</summary>
internal sealed class ConfigFile : IDisposable
{
    private readonly JsonDocument? _document;
    private readonly JsonElement _root;
    private readonly string _prefix;

    private ConfigFile(string path, JsonDocument document) => (Path, _document, _root, _prefix) = (path, document, document.RootElement, "");

    private ConfigFile(ConfigFile parent, string section, JsonElement root) => (Path, _root, _prefix) = (parent.Path, root, $"{parent._prefix}{section}.");

    internal string Path { get; }

    internal static ConfigFile Open(string folder, string name = "config.json")
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = System.IO.Path.Combine(folder, name);
        try
        {
            JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return new ConfigFile(path, document);
            document.Dispose();
            throw new AdaLoRAException($"'{path}' is not a JSON object.");
        }
        catch (JsonException broken)
        {
            throw new AdaLoRAException($"'{path}' is not valid JSON: {broken.Message}", broken);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new AdaLoRAException($"There is no file '{path}': name a folder as Hugging Face saves it, with config.json, model.safetensors and the tokenizer's files.", missing);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new AdaLoRAException($"'{path}' cannot be read: {unreadable.Message}", unreadable);
        }
    }

    /// <summary>Runs a configuration's own rules; a broken one names this file.</summary>
    internal void Check(Action rules)
    {
        try
        {
            rules();
        }
        catch (AdaLoRAException wrong)
        {
            throw new AdaLoRAException($"{Path}: {wrong.Message}", wrong);
        }
    }

    internal AdaLoRAException Refuse(string what) => new($"The model of '{Path}' {what}.");

    internal void Require(string key, string value, bool optional = false)
    {
        string found = Text(key, optional ? value : "");
        if (found != value) throw Refuse($"has {_prefix}{key} '{found}'; this class is for '{value}'");
    }

    internal bool Boolean(string key, bool otherwise = false) => Value(key) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Wrong(key, "true or false"),
    };

    internal string Text(string key, string otherwise) => Value(key) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        _ => throw Wrong(key, "a string"),
    };

    /// <summary>A token as a string, or as the object of an older tokenizer_config.json.</summary>
    internal string TokenText(string key, string otherwise) => Value(key) is { ValueKind: JsonValueKind.Object } token && token.TryGetProperty("content", out JsonElement content) && content.ValueKind == JsonValueKind.String
        ? content.GetString()!
        : Text(key, otherwise);

    internal long Integer(string key, long otherwise, long smallest = 1) => OptionalInteger(key, smallest) ?? otherwise;

    internal long? OptionalInteger(string key, long smallest = 1) => Value(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt32(out int value) && value >= smallest => value,
        _ => throw Wrong(key, $"a whole number of at least {smallest}"),
    };

    internal double Number(string key, double otherwise) => OptionalNumber(key) ?? otherwise;

    internal double? OptionalNumber(string key) => Value(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number => number.GetDouble(),
        _ => throw Wrong(key, "a number"),
    };

    /// <summary>An object inside the file; null when there is none. It lives as long as this one.</summary>
    internal ConfigFile? Section(string key) => Value(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } section => new ConfigFile(this, key, section),
        _ => throw Wrong(key, "an object"),
    };

    /// <summary>A list of strings; empty when there is none.</summary>
    internal IReadOnlyList<string> Texts(string key) => Value(key) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list when list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) => [.. list.EnumerateArray().Select(item => item.GetString()!)],
        _ => throw Wrong(key, "a list of strings"),
    };

    internal int LabelCount(int otherwise) => Value("id2label") switch
    {
        { ValueKind: JsonValueKind.Object } labels => labels.EnumerateObject().Count(),
        _ => (int)Integer("num_labels", otherwise),
    };

    public void Dispose() => _document?.Dispose();

    private JsonElement? Value(string key) => _root.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private AdaLoRAException Wrong(string key, string wanted) => new($"'{Path}' has {_prefix}{key} {Value(key)}; it must be {wanted}.");
}
