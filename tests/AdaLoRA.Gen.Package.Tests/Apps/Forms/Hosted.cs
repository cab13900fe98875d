using AdaLoRA.Gen.Hosting;
using static TorchSharp.torch;

namespace Forms;

/// <summary>Regression onto the negated input.</summary>
public sealed class HostedTask : TrainingTask<Hosted, Batch>
{
    private readonly Tensor data = zeros(32, 8);

    public override int BatchesPerEpoch => 4;

    public override void Prepare(Hosted model, TrainingContext context)
    {
        base.Prepare(model, context);
        using var generator = new Generator(5);
        data.normal_(0, 1, generator);
    }

    public override Batch GetBatch(int epoch, int index) => new(data.narrow(0, index * 8, 8));

    public override Tensor Loss(Hosted model, Batch batch) => nn.functional.mse_loss(model.call(batch.X), -batch.X);

    public override Evaluation Evaluate(Hosted model, CancellationToken cancellationToken) =>
        new("error", nn.functional.mse_loss(model.call(data), -data).item<float>(), HigherIsBetter: false);
}

public sealed record Batch(Tensor X) : IDisposable
{
    public void Dispose() => X.Dispose();
}
