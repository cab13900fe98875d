namespace AdaLoRA.Gen.Models;

/// <summary>A folder holds a model of an architecture that no class here computes. Nothing is wrong with the folder.</summary>
public sealed class UnsupportedArchitectureException : AdaLoRAException
{
    internal UnsupportedArchitectureException(string path, string modelType, IReadOnlyList<string> architectures, IEnumerable<string> supported)
        : base($"'{path}' describes {Name(modelType, architectures)}, which is not supported; {string.Join(", ", supported)} are.")
    {
        ModelType = modelType;
        Architectures = architectures;
    }

    /// <summary>The <c>model_type</c> of config.json; empty when it names none.</summary>
    public string ModelType { get; }

    /// <summary>The <c>architectures</c> of config.json; empty when it names none.</summary>
    public IReadOnlyList<string> Architectures { get; }

    private static string Name(string modelType, IReadOnlyList<string> architectures) => (modelType.Length, architectures.Count) switch
    {
        (0, 0) => "no architecture (neither model_type nor architectures)",
        (_, 0) => $"a model of type '{modelType}' without architectures",
        _ => $"the architecture '{string.Join("', '", architectures)}' (model_type '{modelType}')",
    };
}
