using AdaLoRA.Gen.Hosting;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Conformance.Training;

/// <summary>Regression onto a random linear map, 64 examples in an order of each epoch's own.</summary>
internal sealed class TinyTask : TrainingTask<TinyModel, TinyBatch>
{
    private const int Examples = 64;
    private readonly Tensor _x;
    private readonly Tensor _y;
    private EpochOrder? _order;

    /// <param name="dtype">The model's element type.</param>
    public TinyTask(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(99);
        var x = randn(Examples, TinyModel.In);
        _x = x.to(dtype, copy: true).DetachFromDisposeScope();
        _y = (x.mm(randn(TinyModel.In, TinyModel.Out)) * 0.3).to(dtype, copy: true).DetachFromDisposeScope();
    }

    /// <summary>Micro-batches, counted over the epochs from 0, whose loss is not a number.</summary>
    public IReadOnlyList<int> Bad { get; init; } = [];

    public override int BatchesPerEpoch => _order!.Batches(Context.BatchSize);

    public override void Prepare(TinyModel model, TrainingContext context)
    {
        base.Prepare(model, context);
        _order = new EpochOrder(Examples, context.Seed);
    }

    public override TinyBatch GetBatch(int epoch, int index)
    {
        using var rows = tensor(_order!.Batch(epoch, index, Context.BatchSize).ToArray().Select(i => (long)i).ToArray());
        return new TinyBatch(_x.index_select(0, rows), _y.index_select(0, rows), Bad.Contains(epoch * BatchesPerEpoch + index));
    }

    public override Tensor Loss(TinyModel model, TinyBatch batch)
    {
        var loss = nn.functional.mse_loss(model.call(batch.X), batch.Y);
        return batch.IsBad ? loss * double.NaN : loss;
    }

    public override Evaluation Evaluate(TinyModel model, CancellationToken cancellationToken) =>
        new("error", nn.functional.mse_loss(model.call(_x), _y).to(ScalarType.Float64).item<double>(), HigherIsBetter: false);
}

/// <summary>Inputs [n, 8] and targets [n, 2], and whether the loss is to be no number.</summary>
internal sealed record TinyBatch(Tensor X, Tensor Y, bool IsBad) : IDisposable
{
    public void Dispose()
    {
        X.Dispose();
        Y.Dispose();
    }
}
