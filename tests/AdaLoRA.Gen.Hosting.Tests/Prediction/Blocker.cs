namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>A request that holds a thread until it is told to go on.</summary>
internal sealed class Blocker : IDisposable
{
    /// <summary>How long a test waits for what must come although a thread is held: a failure, not a test that hangs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ManualResetEventSlim _inside = new(), _go = new();

    public Blocker(AdapterPredictor<TinyModel> predictor, Func<TinyModel, float[]>? forward = null)
    {
        Request = predictor.PredictAsync(model =>
        {
            _inside.Set();
            _go.Wait();
            return forward?.Invoke(model) ?? [];
        });
        _inside.Wait();
    }

    public Task<float[]> Request { get; }

    public void Go() => _go.Set();

    public void Dispose()
    {
        _go.Set();
        Request.Wait();
        _inside.Dispose();
        _go.Dispose();
    }
}
