using System.Text.Json.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Serialisers of the files that a run writes; generated at compile time, so they work when trimmed.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(CheckpointState))]
[JsonSerializable(typeof(TrainingResult))]
internal sealed partial class HostingJson : JsonSerializerContext;
