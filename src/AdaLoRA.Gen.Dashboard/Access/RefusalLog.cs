namespace AdaLoRA.Gen.Dashboard;

/// <summary>Writes the first refusal at once, and then one line a minute at most, with how many there were: a caller who tries again and again must not fill the log.</summary>
internal sealed class RefusalLog(ILogger<RefusalLog> logger, TimeProvider time)
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private long _count;
    private long? _told;

    public void Add(HttpContext context, string reason)
    {
        long count;
        lock (_gate)
        {
            _count++;
            if (_told is { } told && time.GetElapsedTime(told) < BetweenLines) return;
            (count, _count, _told) = (_count, 0, time.GetTimestamp());
        }
        Log.Refused(logger, context.Connection.RemoteIpAddress?.ToString() ?? "a local socket", context.Request.Path.ToUriComponent(), reason, count);
    }
}
