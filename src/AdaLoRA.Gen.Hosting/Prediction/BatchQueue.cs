using System.Diagnostics;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>Gathers the requests that wait into batches. While all threads compute, requests pile up and the next batch is larger: batches grow with the load, and a single request waits for nobody.</summary>
internal sealed class BatchQueue<TModel, TInput, TOutput> : IBatchPredictor<TModel, TInput, TOutput>, IWork
    where TModel : torch.nn.Module, IAdaLoRAModel<TModel>
{
    private readonly object _gate = new();
    private readonly Queue<BatchItem> _waiting = new();
    private readonly AdapterPredictor<TModel> _predictor;
    private readonly IBatchForward<TModel, TInput, TOutput> _forward;
    private int _collectors;

    public BatchQueue(AdapterPredictor<TModel> predictor, IBatchForward<TModel, TInput, TOutput> forward)
    {
        AnswerTypes.Require<TOutput>();
        (_predictor, _forward) = (predictor, forward);
    }

    public Task<TOutput> PredictAsync(TInput input, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return Task.FromCanceled<TOutput>(cancellationToken);
        return _predictor.IsReady ? Enqueue(input, cancellationToken) : StartFirst(input, cancellationToken);
    }

    /// <summary>One batch, on a thread of the predictor.</summary>
    public void Execute()
    {
        var batch = Gather();
        if (batch.Count == 0) return;
        var failure = Compute(batch);
        if (failure is null) return;
        if (batch.Count == 1)
        {
            batch[0].Fail(failure);
            return;
        }
        foreach (var item in batch)
        {
            if (Compute([item]) is { } own) item.Fail(own);
        }
    }

    private async Task<TOutput> StartFirst(TInput input, CancellationToken cancellationToken)
    {
        await _predictor.StartAsync(cancellationToken).ConfigureAwait(false);
        return await Enqueue(input, cancellationToken).ConfigureAwait(false);
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "It is the caller's.")]
    private Task<TOutput> Enqueue(TInput input, CancellationToken cancellationToken)
    {
        BatchItem item;
        try
        {
            item = new BatchItem(_predictor.Gate, input);
        }
        catch (PredictorUnavailableException e)
        {
            return Task.FromException<TOutput>(e);
        }
        item.CancelWith(cancellationToken);
        bool collects;
        lock (_gate)
        {
            _waiting.Enqueue(item);
            collects = NeedsCollector();
            // One that waits for more looks again.
            Monitor.PulseAll(_gate);
        }
        if (collects) _predictor.Post(this);
        return item.Answer;
    }

    private List<BatchItem> Gather()
    {
        var batch = new List<BatchItem>();
        bool collects;
        lock (_gate)
        {
            while (_waiting.TryPeek(out var first) && _waiting.Count < _predictor.MaxBatch && _predictor.Gate.IsOpen)
            {
                var left = _predictor.BatchDelay - Stopwatch.GetElapsedTime(first.Since);
                if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left)) break;
            }
            while (batch.Count < _predictor.MaxBatch && _waiting.TryDequeue(out var item))
            {
                if (item.TryTake()) batch.Add(item);
            }
            _collectors--;
            collects = NeedsCollector();
        }
        if (collects) _predictor.Post(this);
        return batch;
    }

    // So many are under way that each request is in the batch of one.
    private bool NeedsCollector()
    {
        if (_waiting.Count <= (long)_collectors * _predictor.MaxBatch) return false;
        _collectors++;
        return true;
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "It is the callers'.")]
    private Exception? Compute(List<BatchItem> batch)
    {
        IReadOnlyList<TOutput> answers;
        try
        {
            TInput[] inputs = [.. batch.Select(item => item.Input)];
            answers = _predictor.Compute((model, adapter) => _forward.Forward(model, adapter, inputs));
            if (answers.Count != batch.Count) throw new AdaLoRAException($"{_forward.GetType().Name} gave {answers.Count} answers to {batch.Count} requests; it must give one for each, in their order.");
        }
        catch (Exception e)
        {
            return e;
        }
        for (int i = 0; i < batch.Count; i++) batch[i].Succeed(answers[i]);
        return null;
    }

    private sealed class BatchItem(RequestGate gate, TInput input) : Request<TOutput>(gate)
    {
        public TInput Input => input;

        public long Since { get; } = Stopwatch.GetTimestamp();
    }
}
