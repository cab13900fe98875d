using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AdaLoRA.Gen.Conformance;

/// <summary>A case as a line for people and as an object for machines.</summary>
internal static class CaseText
{
    /// <summary>Name, ok or FAIL, largest error, place, detail.</summary>
    public static string Line(CaseResult result)
    {
        if (result.Unsupported) return $"{result.Name,-36}  unsupported  {result.Detail}".TrimEnd();
        string error = result.LargestError.ToString("0.0e-0", CultureInfo.InvariantCulture);
        string line = $"{result.Name,-36}  {(result.Ok ? "ok  " : "FAIL")}  {(result.LargestError == 0 ? "0" : double.IsNaN(result.LargestError) ? "-" : error),-7}  {result.At}";
        return (result.Detail.Length == 0 ? line : $"{line}  {result.Detail}").TrimEnd();
    }

    /// <summary>name, ok, largest_error (null when it is not finite), at, detail.</summary>
    public static string Json(CaseResult result)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("name", result.Name);
            writer.WriteBoolean("ok", result.Ok);
            if (result.Unsupported) writer.WriteBoolean("unsupported", true);
            if (double.IsFinite(result.LargestError)) writer.WriteNumber("largest_error", result.LargestError);
            else writer.WriteNull("largest_error");
            writer.WriteString("at", result.At);
            writer.WriteString("detail", result.Detail);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }
}
