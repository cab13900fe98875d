using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>A training problem: batches by random access, a loss, a metric.</summary>
/// <typeparam name="TModel">The model that is trained.</typeparam>
/// <typeparam name="TBatch">What a batch is; disposed as soon as its loss is built.</typeparam>
[SuppressMessage("Design", "CA1001", Justification = "The trainer that starts the prefetcher stops it.")]
public abstract class TrainingTask<TModel, TBatch> : ITrainingTask<TModel>, IBatchesAhead
    where TModel : torch.nn.Module
    where TBatch : IDisposable
{
    private TrainingContext? _context;
    private BatchPrefetcher<TBatch>? _ahead;
    private long _waited;

    /// <summary>Batch size, seed and device of the run.</summary>
    /// <exception cref="AdaLoRAException">Asked for before <see cref="Prepare"/>.</exception>
    protected TrainingContext Context => _context ?? throw new AdaLoRAException($"{GetType().Name} was asked for batches before Prepare; call Prepare(model, context) first (an override must call base.Prepare).");

    /// <inheritdoc/>
    public abstract int BatchesPerEpoch { get; }

    /// <inheritdoc/>
    public virtual IReadOnlyDictionary<string, string> Card => System.Collections.ObjectModel.ReadOnlyDictionary<string, string>.Empty;

    /// <inheritdoc/>
    public virtual void Prepare(TModel model, TrainingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
    }

    /// <summary>
    /// One micro-batch on the run's device. A pure function of (seed, epoch, index): the same arguments give the same batch, in any order of calls. <see cref="EpochOrder"/> and <see cref="TrainingContext.Send"/> help.
    /// With <see cref="TrainingOptions.Prefetch"/> it is called on another thread while the model trains: what it shares with the other methods must bear that, and what it draws must come from a generator of its own.
    /// </summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">From 0 to <see cref="BatchesPerEpoch"/> − 1.</param>
    public abstract TBatch GetBatch(int epoch, int index);

    /// <summary>The mean loss of a batch, a scalar.</summary>
    /// <param name="model">In training mode.</param>
    /// <param name="batch">From <see cref="GetBatch"/>.</param>
    public abstract torch.Tensor Loss(TModel model, TBatch batch);

    /// <inheritdoc/>
    public abstract Evaluation Evaluate(TModel model, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public virtual double? EvaluateOneBatch(TModel model) => null;

    torch.Tensor ITrainingTask<TModel>.Loss(TModel model, int epoch, int index)
    {
        // Autograd keeps what backward needs of the batch; the handles may go.
        long start = Stopwatch.GetTimestamp();
        using var batch = _ahead is null ? GetBatch(epoch, index) : _ahead.Take(new BatchPosition(epoch, index));
        _waited += Stopwatch.GetTimestamp() - start;
        return Loss(model, batch);
    }

    void IBatchesAhead.Start(BatchPosition first, int ahead)
    {
        RequireOwnGenerator(first);
        _ahead = new BatchPrefetcher<TBatch>(p => GetBatch(p.Epoch, p.Index), first, BatchesPerEpoch, ahead);
    }

    TimeSpan IBatchesAhead.Waited => Stopwatch.GetElapsedTime(0, _waited);

    void IBatchesAhead.Stop()
    {
        _ahead?.Dispose();
        _ahead = null;
    }

    /// <summary>A batch that draws from torch's default generator would take numbers out of the training thread's stream, others in every run.</summary>
    private void RequireOwnGenerator(BatchPosition first)
    {
        using var scope = torch.NewDisposeScope();
        var before = torch.get_rng_state();
        GetBatch(first.Epoch, first.Index).Dispose();
        if (torch.get_rng_state().eq(before).all().item<bool>()) return;
        throw new AdaLoRAException($"{GetType().Name}.GetBatch draws from torch's default generator, which it cannot do beside the training thread: let it draw from a torch.Generator or Random of its own, seeded with (seed, epoch, index), or set Prefetch to 0.");
    }
}
