using System.Text.Json.Serialization;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Serialiser of events; generated at compile time, so it works when trimmed. One line an event.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrainingEvent))]
internal sealed partial class RunJson : JsonSerializerContext;
