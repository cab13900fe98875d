using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting.Tests;

/// <summary>Regression onto a random linear map: learnable, and different for every batch.</summary>
internal class TinyTask : TrainingTask<TinyModel, TinyBatch>
{
    public const int Examples = 64;
    private EpochOrder? _order;
    private readonly Tensor _x;
    private readonly Tensor _y;

    public TinyTask()
    {
        using var generator = manual_seed(99);
        _x = randn(Examples, TinyModel.In);
        _y = _x.mm(randn(TinyModel.In, TinyModel.Out)) * 0.3;
    }

    /// <summary>Called before each evaluation.</summary>
    public Action<TinyModel>? Evaluating { get; set; }

    /// <summary>Called before each loss.</summary>
    public Action<TinyModel, int, int>? Training { get; set; }

    public Func<double, double> Metric { get; set; } = error => error;

    public override int BatchesPerEpoch => _order!.Batches(Context.BatchSize);

    public override void Prepare(TinyModel model, TrainingContext context)
    {
        base.Prepare(model, context);
        _order = new EpochOrder(Examples, context.Seed);
    }

    public override TinyBatch GetBatch(int epoch, int index)
    {
        using var rows = tensor(_order!.Batch(epoch, index, Context.BatchSize).ToArray().Select(i => (long)i).ToArray());
        return new TinyBatch(Context.Send(_x.index_select(0, rows)), Context.Send(_y.index_select(0, rows)), epoch, index);
    }

    public override Tensor Loss(TinyModel model, TinyBatch batch)
    {
        Training?.Invoke(model, batch.Epoch, batch.Index);
        return nn.functional.mse_loss(model.call(batch.X), batch.Y);
    }

    public override Evaluation Evaluate(TinyModel model, CancellationToken cancellationToken)
    {
        Evaluating?.Invoke(model);
        cancellationToken.ThrowIfCancellationRequested();
        var device = model.parameters().First().device;
        double error = nn.functional.mse_loss(model.call(_x.to(device)), _y.to(device)).item<float>();
        return new Evaluation("error", Metric(error), HigherIsBetter: false) { Further = new Dictionary<string, double> { ["root"] = Math.Sqrt(error) } };
    }
}

internal sealed record TinyBatch(Tensor X, Tensor Y, int Epoch, int Index) : IDisposable
{
    public void Dispose()
    {
        X.Dispose();
        Y.Dispose();
    }
}
