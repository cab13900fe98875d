using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLoRA.Gen.Serialization;

/// <summary>
/// JSON files judged as a whole. <see cref="JsonNode"/> finds out only when a member is touched that a name stands twice or that a string holds half a surrogate pair; here both
/// are errors of the file, wherever they are in it.
/// </summary>
internal static class StrictJson
{
    /// <summary>The depth that files of ours and of PEFT stay far below.</summary>
    private const int DeepestJson = 32;

    /// <summary>Reads a file.</summary>
    /// <param name="path">UTF-8 with or without a mark in front.</param>
    /// <returns>The object, or null when the file holds another kind of value.</returns>
    /// <exception cref="JsonException">It is no JSON, is nested too deeply, or holds a name twice or a string that is no Unicode.</exception>
    public static JsonObject? ReadObject(string path)
    {
        string text = File.ReadAllText(path);
        RequireUnicode(text);
        return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { MaxDepth = DeepestJson, AllowDuplicateProperties = false }) as JsonObject;
    }

    private static void RequireUnicode(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { MaxDepth = DeepestJson });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped) _ = reader.GetString();
            }
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }
}
