using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.CodeAnalysis;

namespace AdaLoRA.Gen.Conformance.Graph;

/// <summary>A model as lines for people and as an object for machines.</summary>
internal static class GraphReport
{
    public static string Text(GraphModel model)
    {
        var text = new StringBuilder($"{model.Name}  {model.File}({model.Line})\n");
        foreach (var d in model.Diagnostics) text.Append(CultureInfo.InvariantCulture, $"  {Line(d)}\n");
        foreach (var path in model.Paths) text.Append(CultureInfo.InvariantCulture, $"  {path.Verdict.ToString().ToLowerInvariant(),-12}  {path.Path}{Reason(path)}\n");
        foreach (string failure in model.Failures) text.Append(CultureInfo.InvariantCulture, $"  FAIL  {failure}\n");
        return text.ToString().TrimEnd('\n');
    }

    /// <summary>Id, severity, line, column, message.</summary>
    public static string Line(Diagnostic diagnostic)
    {
        var (line, column) = Place(diagnostic);
        return string.Create(CultureInfo.InvariantCulture, $"{diagnostic.Id} {Severity(diagnostic)} ({line},{column}): {diagnostic.GetMessage(CultureInfo.InvariantCulture)}");
    }

    public static string Json(GraphModel model)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("name", model.Name);
            writer.WriteBoolean("ok", model.Failures.Count == 0);
            writer.WriteString("file", model.File);
            writer.WriteNumber("line", model.Line);
            writer.WriteStartArray("diagnostics");
            foreach (var d in model.Diagnostics)
            {
                writer.WriteStartObject();
                writer.WriteString("id", d.Id);
                writer.WriteString("severity", Severity(d));
                writer.WriteNumber("line", Place(d).Line);
                writer.WriteNumber("column", Place(d).Column);
                writer.WriteString("message", d.GetMessage(CultureInfo.InvariantCulture));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartArray("paths");
            foreach (var path in model.Paths)
            {
                writer.WriteStartObject();
                writer.WriteString("path", path.Path);
                writer.WriteString("verdict", path.Verdict.ToString().ToLowerInvariant());
                if (path.Because.Length > 0) writer.WriteString("because", path.Because);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteStartArray("failures");
            foreach (string failure in model.Failures) writer.WriteStringValue(failure);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static string Reason(GraphPath path) => path.Verdict switch
    {
        PathVerdict.Same => "",
        PathVerdict.Hidden => path.Because.Length == 0 ? "  (the model itself may hold more than the compiler sees)" : $"  ('{path.Because}' may hold more than the compiler sees)",
        PathVerdict.Null => "  (may be null)",
        PathVerdict.Unregistered => "  (never registered)",
        PathVerdict.Different => $"  ({path.Because})",
        _ => "  DIFFERENCE",
    };

    private static string Severity(Diagnostic diagnostic) => diagnostic.Severity switch { DiagnosticSeverity.Error => "error", DiagnosticSeverity.Warning => "warning", DiagnosticSeverity.Info => "information", _ => "hidden" };

    private static (int Line, int Column) Place(Diagnostic diagnostic)
    {
        var start = diagnostic.Location.GetLineSpan().StartLinePosition;
        return (start.Line + 1, start.Character + 1);
    }
}
