using AdaLoRA.Gen.Hosting;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Dashboard.Browser.Tests;

/// <summary>Regression onto a fixed map of random inputs. A test says how far it may train, so that nothing depends on how fast a browser is; what is learnt is the same.</summary>
internal sealed class SmallTask : TrainingTask<SmallModel, SmallBatch>
{
    private const int Examples = 64;
    private readonly Tensor _x;
    private readonly Tensor _y;
    private EpochOrder? _order;
    private int _limit = int.MaxValue;
    private int _batches;

    public SmallTask()
    {
        using var generator = manual_seed(99);
        _x = randn(Examples, SmallModel.Width);
        _y = nn.functional.tanh(_x.mm(randn(SmallModel.Width, SmallModel.Out)));
    }

    /// <summary>Batches that may be computed; at the next one the step under way waits. The batch that is tried before the first step is one.</summary>
    public int Limit
    {
        get => Volatile.Read(ref _limit);
        set => Volatile.Write(ref _limit, value);
    }

    /// <summary>Name of the metric.</summary>
    public string Metric { get; init; } = "error";

    /// <summary>What the run fails with before it starts; null for nothing.</summary>
    public string? Fault { get; init; }

    public override IReadOnlyDictionary<string, string> Card => new Dictionary<string, string> { ["data"] = "64 random inputs", ["metric"] = Metric };

    public override int BatchesPerEpoch => _order!.Batches(Context.BatchSize);

    public override void Prepare(SmallModel model, TrainingContext context)
    {
        base.Prepare(model, context);
        if (Fault is not null) throw new InvalidOperationException(Fault);
        _order = new EpochOrder(Examples, context.Seed);
    }

    public override SmallBatch GetBatch(int epoch, int index)
    {
        using var rows = tensor(_order!.Batch(epoch, index, Context.BatchSize).ToArray().Select(i => (long)i).ToArray());
        return new SmallBatch(_x.index_select(0, rows), _y.index_select(0, rows));
    }

    public override Tensor Loss(SmallModel model, SmallBatch batch)
    {
        while (_batches >= Limit) Thread.Sleep(5);
        _batches++;
        return nn.functional.mse_loss(model.call(batch.X), batch.Y);
    }

    public override Evaluation Evaluate(SmallModel model, CancellationToken cancellationToken)
    {
        double error = nn.functional.mse_loss(model.call(_x), _y).item<float>();
        return new Evaluation(Metric, error, HigherIsBetter: false) { Further = new Dictionary<string, double> { ["root"] = Math.Sqrt(error) } };
    }
}

internal sealed record SmallBatch(Tensor X, Tensor Y) : IDisposable
{
    public void Dispose()
    {
        X.Dispose();
        Y.Dispose();
    }
}
