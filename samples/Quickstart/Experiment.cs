using AdaLoRA.Gen;
using TorchSharp;
using static TorchSharp.torch;

namespace Quickstart;

/// <summary>What a run found.</summary>
/// <param name="Error">Test error as a fraction of the unadapted model's.</param>
/// <param name="Ranks">Triplets that live in each layer.</param>
/// <param name="Seconds">Wall time of the training.</param>
public sealed record Outcome(double Error, IReadOnlyList<int> Ranks, double Seconds)
{
    /// <summary>Share of the planted ranks that was found: Σ min(planted, found) ÷ 24.</summary>
    public double Overlap => Ranks.Zip(PlantedProblem.Ranks, Math.Min).Sum() / (double)PlantedProblem.Ranks.Sum();
}

/// <summary>The training loop of the README, on the planted problem.</summary>
public static class Experiment
{
    /// <summary>Optimizer steps of a run.</summary>
    public const int Steps = 1_500;

    private const int BatchSize = 64;
    private const double LearningRate = 1e-2;

    /// <summary>Trains adapters of one method and takes them off again.</summary>
    /// <param name="problem">The problem; its model is as before afterwards.</param>
    /// <param name="method">AdaLoRA with the attribute's values, or plain LoRA with the same number of triplets: rank 2 everywhere.</param>
    /// <param name="seed">Seed of the adapters' first values and of the batches.</param>
    /// <param name="progress">Told the loss of every step.</param>
    public static Outcome Run(PlantedProblem problem, AdapterMethod method, int seed, Action<int, float>? progress = null)
    {
        var model = problem.Model;
        var adapters = model.AttachAdaLoRA(options =>
        {
            options.Seed = seed;
            if (method == AdapterMethod.LoRA) (options.Method, options.InitialRank, options.Alpha) = (AdapterMethod.LoRA, 2, 2);
        });
        using var optimizer = model.CreateAdaLoRAOptimizer(Steps, LearningRate);
        using var random = new Generator((ulong)seed + 1);
        Tensor order = Shuffle(problem, random);
        int next = 0;
        var start = System.Diagnostics.Stopwatch.StartNew();

        for (int step = 1; step <= Steps; step++)
        {
            using var scope = NewDisposeScope();
            if (next + BatchSize > order.shape[0])
            {
                order.Dispose();
                (order, next) = (Shuffle(problem, random), 0);
            }
            var batch = order.narrow(0, next, BatchSize);
            next += BatchSize;
            var loss = nn.functional.mse_loss(model.call(problem.TrainX[batch]), problem.TrainY[batch]) / problem.Baseline;
            optimizer.LearningRate = LearningRate * WarmUpThenLinear(step);
            optimizer.zero_grad();
            loss.backward();
            optimizer.step();
            progress?.Invoke(step, loss.item<float>());
        }

        order.Dispose();
        var outcome = new Outcome(problem.TestError(), [.. adapters.Adapters.Select(a => a.Rank)], start.Elapsed.TotalSeconds);
        model.DetachAdaLoRA();
        return outcome;
    }

    /// <summary>A new order of the training examples.</summary>
    private static Tensor Shuffle(PlantedProblem problem, Generator random) => randperm(problem.TrainX.shape[0], generator: random).DetachFromDisposeScope();

    /// <summary>5 % warm-up, then linear to zero.</summary>
    private static double WarmUpThenLinear(int step)
    {
        const double warmUp = 0.05 * Steps;
        return step < warmUp ? step / warmUp : (Steps - step) / (Steps - warmUp);
    }
}
