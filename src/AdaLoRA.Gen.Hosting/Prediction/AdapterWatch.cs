namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Notices that an adapter's folder was replaced or written anew. It asks for the files' lengths and times instead of the system's notifications: those do not come from network drives and containers' volumes, and stop when the
/// folder itself is renamed away. Two equal answers in a row mean that the writer is done.
/// </summary>
internal sealed class AdapterWatch(string folder, string? stamp, TimeSpan interval, TimeProvider time)
{
    private string? _seen = stamp;
    private string? _settling;

    /// <summary>Asks until the token is cancelled.</summary>
    /// <param name="changed">Called once for each change; does not throw.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(Func<CancellationToken, Task> changed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            if (HasSettled(Stamp())) await changed(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Whether this answer is the second of a change.</summary>
    /// <param name="now">The files' stamp; null where there is no adapter at the moment, which changes nothing.</param>
    internal bool HasSettled(string? now)
    {
        if (now is null || now == _seen)
        {
            _settling = null;
            return false;
        }
        if (now != _settling)
        {
            _settling = now;
            return false;
        }
        (_seen, _settling) = (now, null);
        return true;
    }

    private string? Stamp()
    {
        try
        {
            return AdapterFiles.Stamp(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
