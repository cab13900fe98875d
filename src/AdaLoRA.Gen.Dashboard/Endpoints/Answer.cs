using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AdaLoRA.Gen.Dashboard;

/// <summary>Bytes to send, known by their digest.</summary>
internal sealed class Content(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    /// <summary>Changes with the bytes.</summary>
    public string ETag { get; } = $"\"{Convert.ToHexString(SHA256.HashData(bytes), 0, 12)}\"";
}

/// <summary>Writes answers.</summary>
internal static class Answer
{
    public const string JsonType = "application/json; charset=utf-8";

    /// <summary>200 with the bytes, 304 when the caller has them, and no body to a HEAD.</summary>
    public static async Task ContentAsync(HttpContext context, Content content, string type)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.ETag = content.ETag;
        // Kept, and asked for again each time.
        response.Headers.CacheControl = "private, no-cache";
        if (Names(request.Headers.IfNoneMatch, content.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        response.ContentType = type;
        response.ContentLength = content.Bytes.Length;
        if (!HttpMethods.IsHead(request.Method)) await response.Body.WriteAsync(content.Bytes, context.RequestAborted);
    }

    /// <summary>A small object that is never kept.</summary>
    public static async Task JsonAsync<T>(HttpContext context, int status, T value, JsonTypeInfo<T> type)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = JsonType;
        response.Headers.CacheControl = "no-store";
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(value, type);
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>A refusal with its sentence.</summary>
    public static Task ErrorAsync(HttpContext context, int status, string sentence) => JsonAsync(context, status, new ErrorBody(sentence), DashboardJson.Default.ErrorBody);

    private static bool Names(Microsoft.Extensions.Primitives.StringValues header, string tag)
    {
        foreach (string? line in header)
        {
            foreach (string one in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (one == "*" || (one.StartsWith("W/", StringComparison.Ordinal) ? one[2..] : one) == tag) return true;
            }
        }
        return false;
    }
}
