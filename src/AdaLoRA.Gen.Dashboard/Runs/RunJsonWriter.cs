using System.Text.Json;
using AdaLoRA.Gen.Hosting;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Writes <c>{"summary":…,"events":[…],"number":N}</c>.</summary>
internal static class RunJsonWriter
{
    public static byte[] Write(RunSummary summary, IReadOnlyList<TrainingEvent> events, long number)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            writer.WritePropertyName("summary");
            JsonSerializer.Serialize(writer, summary, DashboardJson.Default.RunSummary);
            writer.WriteStartArray("events");
            foreach (var e in events) writer.WriteRawValue(RunLog.ToJson(e), skipInputValidation: true);
            writer.WriteEndArray();
            writer.WriteNumber("number", number);
            writer.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
