using AdaLoRA.Gen.Conformance.Fuzzing.Targets;

namespace AdaLoRA.Gen.Conformance.Fuzzing;

/// <summary>A reader as the command line names it; <paramref name="Reader"/> may cover several.</summary>
/// <param name="Reader">What <c>--reader</c> takes.</param>
/// <param name="Name">The case.</param>
/// <param name="Create">Makes an instance for one thread.</param>
internal sealed record FuzzTargetKind(string Reader, string Name, Func<IFuzzTarget> Create);

/// <summary>The readers.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTargetKind> All { get; } =
    [
        new("safetensors", "safetensors", () => new SafetensorsTarget()),
        new("config", "adapter_config.json", () => new AdapterConfigTarget()),
        new("gguf", "gguf", () => new GgufTarget()),
        new("state", "training.json", () => new TrainingJsonTarget()),
        new("state", "state.json", () => new StateJsonTarget()),
    ];

    /// <summary>What <c>--reader</c> takes.</summary>
    public static string[] Readers => [.. All.Select(t => t.Reader).Distinct(), "all"];

    public static IReadOnlyList<FuzzTargetKind> Of(string reader) => reader == "all" ? All : [.. All.Where(t => t.Reader == reader)];
}
