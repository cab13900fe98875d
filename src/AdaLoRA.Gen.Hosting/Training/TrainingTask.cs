using TorchSharp;

namespace AdaLoRA.Gen.Hosting;

/// <summary>A training problem: batches by random access, a loss, a metric.</summary>
/// <typeparam name="TModel">The model that is trained.</typeparam>
/// <typeparam name="TBatch">What a batch is; disposed as soon as its loss is built.</typeparam>
public abstract class TrainingTask<TModel, TBatch> : ITrainingTask<TModel>
    where TModel : torch.nn.Module
    where TBatch : IDisposable
{
    private TrainingContext? _context;

    /// <summary>Batch size, seed and device of the run.</summary>
    /// <exception cref="AdaLoRAException">Asked for before <see cref="Prepare"/>.</exception>
    protected TrainingContext Context => _context ?? throw new AdaLoRAException($"{GetType().Name} was asked for batches before Prepare; call Prepare(model, context) first (an override must call base.Prepare).");

    /// <inheritdoc/>
    public abstract int BatchesPerEpoch { get; }

    /// <inheritdoc/>
    public virtual void Prepare(TModel model, TrainingContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        _context = context;
    }

    /// <summary>One micro-batch on the run's device. A pure function of (seed, epoch, index): the same arguments give the same batch, in any order of calls. <see cref="EpochOrder"/> helps.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="index">From 0 to <see cref="BatchesPerEpoch"/> − 1.</param>
    public abstract TBatch GetBatch(int epoch, int index);

    /// <summary>The mean loss of a batch, a scalar.</summary>
    /// <param name="model">In training mode.</param>
    /// <param name="batch">From <see cref="GetBatch"/>.</param>
    public abstract torch.Tensor Loss(TModel model, TBatch batch);

    /// <inheritdoc/>
    public abstract Evaluation Evaluate(TModel model, CancellationToken cancellationToken);

    torch.Tensor ITrainingTask<TModel>.Loss(TModel model, int epoch, int index)
    {
        // Autograd keeps what backward needs of the batch; the handles may go.
        using var batch = GetBatch(epoch, index);
        return Loss(model, batch);
    }
}
