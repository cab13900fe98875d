using System.Text.Json;
using AdaLoRA.Gen.Serialization;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Testing;

/// <summary>The golden data of <c>tests/fixtures</c>; its README says what made it.</summary>
internal static class Fixtures
{
    /// <summary>The int8 MiniLM that ships with the sample; tests use it where it stands.</summary>
    internal static string MiniLM { get; } = RepositoryRoot.Combine("samples", "IntentClassifier", "models", "minilm-l6-v2");

    internal static string Path(params string[] parts) => RepositoryRoot.Combine(["tests", "fixtures", .. parts]);

    internal static JsonDocument Json(params string[] parts) => JsonDocument.Parse(File.ReadAllBytes(Path(parts)));

    /// <summary>All tensors of a fixture file by name.</summary>
    internal static Dictionary<string, Tensor> Tensors(params string[] parts)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path(parts));
        return file.Names.ToDictionary(name => name, name => file.Read(name));
    }
}
