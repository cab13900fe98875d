using System.Collections.Concurrent;
using AdaLoRA.Gen.Native;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>
/// Makes batches ahead of their use, on one background thread, in order, and never more than a given number. What it makes is what would have been made in place: the batch is asked for by its position, so neither
/// how far ahead it is nor where it is stopped shows in a run.
/// </summary>
/// <remarks>
/// The thread has one intra-op thread of its own, so that it does not take the step's cores. Tensors are handed over with their owner: whatever <c>make</c> left in its dispose scope goes to the scope of the thread that takes the
/// batch. <c>make</c> must not draw from torch's default generator, which belongs to the process: the training thread draws from it at the same time.
/// </remarks>
/// <typeparam name="TBatch">What a batch is.</typeparam>
public sealed class BatchPrefetcher<TBatch> : IDisposable
    where TBatch : IDisposable
{
    private readonly Func<BatchPosition, TBatch> _make;
    private readonly BlockingCollection<Made> _ready = [];
    private readonly SemaphoreSlim _room;
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private readonly int _batchesPerEpoch;

    /// <summary>How long <see cref="Dispose"/> waits for a batch that is being made.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    private BatchPosition _next;
    private bool _disposed;

    /// <summary>Starts to make batches.</summary>
    /// <param name="make">Makes one batch, a pure function of its position. Runs on the background thread; what it throws reaches <see cref="Take"/>.</param>
    /// <param name="first">The batch to begin with.</param>
    /// <param name="batchesPerEpoch">Batches of one epoch, at least 1; after the last comes the first of the next epoch, without end.</param>
    /// <param name="ahead">Batches that may lie ready, the one that is being made included; at least 1.</param>
    public BatchPrefetcher(Func<BatchPosition, TBatch> make, BatchPosition first, int batchesPerEpoch, int ahead)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchesPerEpoch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ahead, 1);
        (_make, _next, _batchesPerEpoch) = (make, first, batchesPerEpoch);
        _room = new SemaphoreSlim(ahead);
        _thread = new Thread(() => Produce(first)) { IsBackground = true, Name = "Batches ahead" };
        _thread.Start();
    }

    /// <summary>The next batch; waits until it is made. The caller disposes it.</summary>
    /// <param name="position">Must be the one after the batch before: from <c>first</c> on, without gaps.</param>
    /// <exception cref="AdaLoRAException">The batch could not be made (the sentence names it, the cause is within), or it is not the next one.</exception>
    public TBatch Take(BatchPosition position)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (position != _next) throw new AdaLoRAException($"{position} was asked for, but {_next} is the next: batches made ahead are taken in order.");
        _next = _next.After(_batchesPerEpoch);
        var made = _ready.Take();
        _room.Release();
        if (made.Error is not null) throw new AdaLoRAException($"{position} could not be made: {made.Error.Message}", made.Error);
        TensorHandover.Receive(made.Tensors);
        return made.Batch!;
    }

    /// <summary>Stops, and frees what was not taken. Waits a few seconds for a batch that is being made; one that takes longer is freed when it is done.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _stop.Cancel();
        if (!_thread.Join(Patience)) return;
        _ready.Dispose();
        _room.Dispose();
        _stop.Dispose();
    }

    private void Produce(BatchPosition position)
    {
        OwnThreads.UseOne();
        try
        {
            for (; ; position = position.After(_batchesPerEpoch))
            {
                _room.Wait(_stop.Token);
                _ready.Add(Make(position));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody takes any more.
        }
        while (_ready.TryTake(out var left)) left.Free();
    }

    private Made Make(BatchPosition position)
    {
        using var handover = new TensorHandover();
        try
        {
            var batch = _make(position);
            return new Made(batch, handover.Release(), null);
        }
#pragma warning disable CA1031 // Whatever it is, it is the taker's to hear.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return new Made(default, [], e);
        }
    }

    private readonly record struct Made(TBatch? Batch, IReadOnlyList<torch.Tensor> Tensors, Exception? Error)
    {
        public void Free()
        {
            Batch?.Dispose();
            foreach (var tensor in Tensors) tensor.Dispose();
        }
    }
}
