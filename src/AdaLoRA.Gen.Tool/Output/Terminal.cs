using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AdaLoRA.Gen.Tool;

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress and failures.</param>
/// <param name="IsRich">Whether <paramref name="Out"/> is a terminal that takes colours; otherwise text is plain, and no line is cut or wrapped.</param>
/// <param name="ShowsProgress">Whether <paramref name="Error"/> is a terminal, where a line can be written over.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool IsRich, bool ShowsProgress)
{
    /// <summary>The process's own. NO_COLOR and TERM=dumb are respected.</summary>
    public static Terminal OfProcess()
    {
        bool plain = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) || Environment.GetEnvironmentVariable("TERM") == "dumb";
        return new Terminal(Console.Out, Console.Error, !Console.IsOutputRedirected && !plain, !Console.IsErrorRedirected && !plain);
    }

    /// <summary>Writes one JSON object and a line end.</summary>
    public void WriteJson<T>(T value, JsonTypeInfo<T> type)
    {
        // Not for a web page: an apostrophe may stay one.
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) JsonSerializer.Serialize(writer, value, type);
        Out.WriteLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }
}
