namespace AdaLoRA.Gen.Dashboard;

/// <summary>Bytes that are made again when somebody asks after they have grown old, by one caller while others wait: a thousand pages that open at once cost one serialisation.</summary>
internal sealed class Snapshot(Func<byte[]> make, TimeSpan life, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private Content? _content;
    private long _made;

    public async ValueTask<Content> GetAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_content is null || time.GetElapsedTime(_made) >= life)
            {
                byte[] bytes = make();
                _made = time.GetTimestamp();
                // The same bytes keep their digest.
                if (_content is null || !bytes.AsSpan().SequenceEqual(_content.Bytes)) _content = new Content(bytes);
            }
            return _content;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
