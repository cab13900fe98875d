using System.Text.Json;

namespace AdaLoRA.Gen.Dashboard.Tests;

/// <summary>One server-sent event, read as the standard says.</summary>
internal sealed record Sse(string Event, string? Id, string Data)
{
    public JsonElement Json => JsonDocument.Parse(Data).RootElement;

    /// <summary>Numbers of the events in it.</summary>
    public IReadOnlyList<long> Numbers => [.. Json.EnumerateArray().Select(e => e.GetProperty("number").GetInt64())];
}

/// <summary>An open event stream.</summary>
internal sealed class SseStream : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private SseStream(HttpResponseMessage response, Stream stream)
    {
        _response = response;
        _reader = new StreamReader(stream);
    }

    public HttpResponseMessage Response => _response;

    /// <summary>Comments that came.</summary>
    public int Comments { get; private set; }

    public static async Task<SseStream> OpenAsync(HttpClient client, string path, params string[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        for (int i = 0; i < headers.Length; i += 2) request.Headers.TryAddWithoutValidation(headers[i], headers[i + 1]);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        response.EnsureSuccessStatusCode();
        return new SseStream(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event; null at the stream's end. Fails after 20 seconds.</summary>
    public async Task<Sse?> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        string name = "message", data = "";
        string? id = null;
        bool any = false;
        while (await _reader.ReadLineAsync(limit.Token) is { } line)
        {
            if (line.Length == 0)
            {
                if (any) return new Sse(name, id, data);
                continue;
            }
            if (line[0] == ':')
            {
                Comments++;
                continue;
            }
            (string field, string value) = line.Split(": ", 2) is [var f, var v] ? (f, v) : (line, "");
            switch (field)
            {
                case "event": (name, any) = (value, true); break;
                case "id": id = value; break;
                case "data": (data, any) = (data + value, true); break;
            }
        }
        return null;
    }

    /// <summary>The next event of a kind.</summary>
    public async Task<Sse> NextAsync(string kind)
    {
        while (await NextAsync() is { } e)
        {
            if (e.Event == kind) return e;
        }
        throw new InvalidOperationException($"The stream ended before '{kind}'.");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }
}
