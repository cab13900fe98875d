using AdaLoRA.Gen.Hosting;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLoRAHost._1;

/// <summary>The seam between the trainer and your problem: what a batch is, what its loss is, how the model is measured.</summary>
internal sealed class WaveTask : TrainingTask<WaveClassifier, WaveBatch>
{
    private readonly Waves _train = new(count: 4096, seed: 1), _test = new(count: 1024, seed: 2);
    private EpochOrder? _order;

    public override int BatchesPerEpoch => Order.Batches(Context.BatchSize);

    private EpochOrder Order => _order ??= new EpochOrder(_train.Count, Context.Seed);

    // A pure function of (seed, epoch, index): a resumed run asks for the batch it needs and replays nothing.
    public override WaveBatch GetBatch(int epoch, int index) => _train.Batch(Order.Batch(epoch, index, Context.BatchSize), Context.Device);

    public override Tensor Loss(WaveClassifier model, WaveBatch batch) => functional.cross_entropy(model.call(batch.Signals), batch.Kinds);

    public override Evaluation Evaluate(WaveClassifier model, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var batch = _test.All(Context.Device);
        return new Evaluation("accuracy", model.call(batch.Signals).argmax(1).eq(batch.Kinds).to(float32).mean().item<float>());
    }
}
