using AdaLoRA.Gen.Hosting;
using Quickstart;
using TorchSharp;
using static TorchSharp.torch;

namespace DashboardSample;

/// <summary>The planted problem as a task for the trainer, slowed down so that there is something to watch.</summary>
/// <param name="problem">Model and data.</param>
/// <param name="delay">Waited before each step.</param>
public sealed class PlantedTask(PlantedProblem problem, TimeSpan delay) : TrainingTask<PlantedMlp, PlantedBatch>
{
    private EpochOrder _order = null!;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Card { get; } = new Dictionary<string, string>
    {
        ["data"] = "answers of a teacher with planted ranks, drawn at the start",
        ["planted ranks"] = string.Join(' ', PlantedProblem.Ranks),
        ["error"] = "mean squared error on test inputs ÷ that of the unadapted model",
    };

    /// <inheritdoc/>
    public override int BatchesPerEpoch => _order.Batches(Context.BatchSize);

    /// <inheritdoc/>
    public override void Prepare(PlantedMlp model, TrainingContext context)
    {
        base.Prepare(model, context);
        _order = new EpochOrder((int)problem.TrainX.shape[0], context.Seed);
    }

    /// <inheritdoc/>
    public override PlantedBatch GetBatch(int epoch, int index)
    {
        if (delay > TimeSpan.Zero) Thread.Sleep(delay);
        long[] examples = [.. _order.Batch(epoch, index, Context.BatchSize).ToArray().Select(i => (long)i)];
        using var rows = tensor(examples);
        return new PlantedBatch(problem.TrainX.index_select(0, rows), problem.TrainY.index_select(0, rows));
    }

    /// <inheritdoc/>
    public override Tensor Loss(PlantedMlp model, PlantedBatch batch) => nn.functional.mse_loss(model.call(batch.X), batch.Y) / problem.Baseline;

    /// <inheritdoc/>
    public override Evaluation Evaluate(PlantedMlp model, CancellationToken cancellationToken) => new("error", problem.TestError(), HigherIsBetter: false);
}

/// <summary>Inputs and the teacher's answers.</summary>
/// <param name="X">[batch, width].</param>
/// <param name="Y">The same shape.</param>
public sealed record PlantedBatch(Tensor X, Tensor Y) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        X.Dispose();
        Y.Dispose();
    }
}
