using System.Globalization;
using AdaLoRA.Gen.Hosting;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace AdaLoRA.Gen.Dashboard;

/// <summary><c>GET api/runs/{id}/stream</c>.</summary>
internal sealed class StreamEndpoint(RunCatalog catalog, Broadcasters broadcasters, TimeProvider time)
{
    // What a subscriber that does not read may hold in the system's memory; the default grows to megabytes.
    private const int SendBuffer = 64 << 10;

    public async Task InvokeAsync(HttpContext context)
    {
        string id = (string)context.GetRouteValue("id")!;
        IEventSource? source = catalog.FindLive(id) is { } live ? new LiveSource(live.Run) : catalog.FindPast(id) is { } past ? new FileSource(catalog, past) : null;
        if (source is null)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status404NotFound, RunEndpoints.NoSuchRun);
        }
        else if (!TryReadAfter(context.Request, out long? after))
        {
            await Answer.ErrorAsync(context, StatusCodes.Status400BadRequest, "The value of after must be the number of an event, at least 0.");
        }
        else if (broadcasters.TryEnter() is { } refusal)
        {
            context.Response.Headers.RetryAfter = "5";
            await Answer.ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, refusal);
        }
        else
        {
            try
            {
                await SendAsync(context, id, source, after);
            }
            finally
            {
                broadcasters.Leave();
            }
        }
    }

    private async Task SendAsync(HttpContext context, string id, IEventSource source, long? after)
    {
        Prepare(context);
        var subscriber = new Subscriber(context, time);
        var broadcaster = broadcasters.Add(id, source, subscriber, after, out bool missed);
        // Not waited for at the end: the request may end within that very call.
        var aborted = context.RequestAborted.UnsafeRegister(static s => ((Subscriber)s!).Close(), subscriber);
        try
        {
            byte[] first = [.. "retry: 2000\n\n"u8, .. Frame.State(source.State.ToString()).Bytes, .. missed ? Frame.Reset(source.LastNumber).Bytes : []];
            if (!await subscriber.WriteAsync(first)) return;
            // In the first frame may be events that the subscriber has.
            long has = missed ? 0 : after ?? 0;
            do
            {
                while (broadcaster.Next(subscriber) is { } frame)
                {
                    var bytes = frame.After(has);
                    if (bytes.Length > 0 && !await subscriber.WriteAsync(bytes)) return;
                    if (frame.Ends) return;
                }
                if (subscriber.TakeHeartbeat() && !await subscriber.WriteAsync(Frame.Heartbeat)) return;
            }
            while (await subscriber.WaitAsync());
        }
        finally
        {
            aborted.Unregister();
            broadcaster.Remove(subscriber);
        }
    }

    private static void Prepare(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // nginx would gather the answer until a buffer is full.
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (HttpProtocol.IsHttp11(context.Request.Protocol) && context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket) socket.SendBufferSize = SendBuffer;
    }

    // A browser that connects again asks with the old address, and tells in the header how far it came.
    private static bool TryReadAfter(HttpRequest request, out long? after)
    {
        after = null;
        string? text = request.Headers["Last-Event-ID"] is [{ Length: > 0 } last] && Parse(last) is not null ? last : request.Query["after"];
        if (string.IsNullOrEmpty(text)) return true;
        after = Parse(text);
        return after is not null;
    }

    private static long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
