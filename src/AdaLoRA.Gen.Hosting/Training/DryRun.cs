using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLoRA.Gen.Hosting;

/// <summary>What the discarded batches took.</summary>
/// <param name="Threads">Times on the numbers of threads that were tried; empty when none was.</param>
/// <param name="BatchSeconds">Forward and backward of one micro-batch.</param>
/// <param name="EvaluationSeconds">Of a whole evaluation; null where none could be tried.</param>
internal sealed record DryRunTimes(IReadOnlyList<ThreadTime> Threads, double BatchSeconds, double? EvaluationSeconds);

/// <summary>
/// One discarded batch before step 1, and one of the evaluation: a task that cannot work dies here in seconds with a sentence, the CPU's number of threads is measured, and what the run will take estimated. Leaves no trace:
/// gradients are zeroed, buffers (running statistics) restored, and every step seeds itself.
/// </summary>
/// <param name="model">Its buffers are restored.</param>
/// <param name="task">Name of the task, for messages.</param>
/// <param name="loss">The loss of the run's first batch.</param>
/// <param name="evaluateOneBatch">Says which part of an evaluation it was, or null.</param>
/// <param name="optimizer">Its gradients are zeroed.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class DryRun(nn.Module model, string task, Func<Tensor?> loss, Func<double?> evaluateOneBatch, AdaLoRAOptimizer optimizer, long seed)
{
    // Below this a run's time is nobody's question, and the first batch, slower than any other, may answer it.
    private const double ShortRun = 60;
    private const int MoreSamples = 2;

    /// <summary>Runs the batches.</summary>
    /// <param name="chooseThreads">Whether the number of threads becomes the fastest one.</param>
    /// <param name="batches">Micro-batches of the run, which say how long looking may take.</param>
    /// <param name="precise">Whether the time of a batch is worth two more of them however short the run is.</param>
    public DryRunTimes Run(bool chooseThreads, long batches, bool precise)
    {
        using var scope = NewDisposeScope();
        var buffers = model.named_buffers().Select(b => (b.buffer, Copy: b.buffer.clone())).ToList();
        // The processors that this process may use: in a container fewer than libtorch, which sees the machine, starts threads for.
        int all = Math.Min(get_num_threads(), Environment.ProcessorCount);
        if (chooseThreads) set_num_threads(all);
        double first = Time();
        IReadOnlyList<ThreadTime> times = [];
        if (chooseThreads)
        {
            (int threads, times) = ThreadChoice.Choose(all, first, batches, n =>
            {
                set_num_threads(n);
                return Time();
            });
            set_num_threads(threads);
            if (times.Count > 0) first = times.First(t => t.Threads == threads).Milliseconds / 1e3;
        }
        if (times.Count == 0 && (precise || first * batches > ShortRun))
        {
            for (int i = 0; i < MoreSamples; i++) first = Math.Min(first, Time());
        }
        double? evaluation = TimeEvaluation();
        using var _ = no_grad();
        foreach (var (buffer, copy) in buffers) buffer.copy_(copy);
        return new DryRunTimes(times, first, evaluation);
    }

    /// <returns>Seconds of a whole one.</returns>
    private double? TimeEvaluation()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        model.eval();
        try
        {
            long start = Stopwatch.GetTimestamp();
            if (evaluateOneBatch() is not { } part) return null;
            if (!(part is > 0 and <= 1)) throw new AdaLoRAException(FormattableString.Invariant($"{task}.EvaluateOneBatch returned {part}; it must be the part of a whole evaluation that the batch is, above 0 and up to 1."));
            return Stopwatch.GetElapsedTime(start).TotalSeconds / part;
        }
        finally
        {
            model.train();
        }
    }

    /// <returns>Seconds.</returns>
    private double Time()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(StepSeed.Of(seed, 0));
        long start = Stopwatch.GetTimestamp();
        var value = loss();
        if (value is null || value.numel() != 1) throw new AdaLoRAException($"{task}.Loss returned {(value is null ? "null" : $"a tensor of shape [{string.Join(", ", value.shape)}]")}; it must be a scalar, such as the mean over the batch.");
        if (!value.requires_grad) throw new AdaLoRAException($"{task}.Loss returned a tensor without gradients; compute it from the model's output, outside no_grad and without detach().");
        value.backward();
        double read = value.detach().to(ScalarType.Float64).item<double>();
        if (!double.IsFinite(read)) throw new AdaLoRAException($"The loss of the first batch is {read}; check the task's inputs and labels before training.");
        optimizer.zero_grad();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
